package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RunPlugin runs a policy pack until it ends; its output and exit code go to the engine.
func (h *host) RunPlugin(request *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer) error {
	if request.Kind != string(apitype.AnalyzerPlugin) {
		return status.Errorf(codes.Unimplemented, "a plugin of kind %q cannot be run: only policy packs", request.Kind)
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()
	err = h.runPack(request, server, stdout, stderr)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code := &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())}
		return server.Send(&pulumirpc.RunPluginResponse{Output: code})
	}
	return err
}

// runPack starts the pack only once the engine has sent the stack's configuration: the pack reads it from its
// environment, so the proxy stands in for it until then.
func (h *host) runPack(
	request *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer, stdout, stderr io.Writer,
) error {
	ctx := server.Context()
	proxy, packStdout, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return err
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return err
	}
	environment, err := packEnv(stack)
	if err != nil {
		return err
	}
	// The pack's folder is both where it runs and what it runs, as `pulumi.policy` expects.
	cmd, err := command(ctx, request.Info, "-u", "-m", "pulumi.policy", h.engine, request.Info.ProgramDirectory)
	if err != nil {
		return err
	}
	cmd.Dir = request.Info.ProgramDirectory
	cmd.Env = append(append(cmd.Env, request.Env...), environment...)
	cmd.Stdout, cmd.Stderr = packStdout, stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("policy pack %s: %w", request.Info.ProgramDirectory, err)
	}
	return proxy.Attach(ctx, cmd)
}

// packEnv is what a pack knows of the stack; nothing of it is set when there is none (`pulumi policy publish`).
func packEnv(stack *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	if stack == nil {
		return nil, nil
	}
	environment, err := configEnv(stack.Config, stack.ConfigSecretKeys)
	return append(environment,
		"PULUMI_ORGANIZATION="+stack.Organization,
		"PULUMI_PROJECT="+stack.Project,
		"PULUMI_STACK="+stack.Stack,
		"PULUMI_DRY_RUN="+strconv.FormatBool(stack.DryRun),
	), err
}
