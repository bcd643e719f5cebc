package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// exitAlreadyReported is the exit code with which the SDK's script says that the person has seen the error.
const exitAlreadyReported = 32

// Run runs the program once. The end of the engine's call, also by its death, kills the Python process.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	script, err := execScript()
	if err != nil {
		return nil, err
	}
	environment, err := configEnv(request.Config, request.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	args := append([]string{"-u", script}, h.programArgs(request)...)
	cmd, err := command(ctx, request.Info, args...)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	cmd.Dir = request.Info.ProgramDirectory
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return programResult(cmd.Run())
}

func (h *host) programArgs(request *pulumirpc.RunRequest) []string {
	args := []string{
		"--monitor", request.MonitorAddress,
		"--engine", h.engine,
		"--project", request.Project,
		"--root_directory", request.Info.RootDirectory,
		"--stack", request.Stack,
		"--pwd", request.Pwd,
		"--dry_run", strconv.FormatBool(request.DryRun),
		"--parallel", strconv.Itoa(int(request.Parallel)),
		"--organization", request.Organization,
		filepath.Join(request.Info.ProgramDirectory, request.Info.EntryPoint),
	}
	return append(args, request.Args...)
}

func programResult(err error) (*pulumirpc.RunResponse, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program could not be started: %v", err)}, nil
	case exit.ExitCode() == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %v", exit)}, nil
	}
}
