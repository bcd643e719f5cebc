package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

// interpreter finds the Python of a project or pack: `runtime.options` of its YAML may name `toolchain` (auto, pip, uv,
// poetry) and `virtualenv` (relative to the folder of that YAML). `typechecker` is accepted and left to the tests.
func interpreter(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options := toolchain.PythonOptions{Root: info.RootDirectory, ProgramDir: info.ProgramDirectory}
	for key, value := range info.Options.AsMap() {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("runtime option %s: %v is not a string", key, value)
		}
		switch key {
		case "virtualenv":
			options.Virtualenv = text
		case "toolchain":
			if err := chooseToolchain(&options, text); err != nil {
				return nil, err
			}
		}
	}
	return toolchain.ResolveToolchain(options)
}

func chooseToolchain(options *toolchain.PythonOptions, name string) error {
	switch name {
	case "auto":
		options.Toolchain = toolchain.Auto
	case "pip":
		options.Toolchain = toolchain.Pip
	case "uv":
		options.Toolchain = toolchain.Uv
	case "poetry":
		options.Toolchain = toolchain.Poetry
	default:
		return fmt.Errorf("runtime option toolchain: %q is not one of auto, pip, uv, poetry", name)
	}
	return nil
}

// command prepares, but does not start, Python with args in a checked virtual environment.
func command(ctx context.Context, info *pulumirpc.ProgramInfo, args ...string) (*exec.Cmd, error) {
	python, err := interpreter(info)
	if err != nil {
		return nil, err
	}
	if err := python.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	cmd, err := python.Command(ctx, args...)
	if err != nil {
		return nil, err
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	return cmd, nil
}

// execScript is the SDK's script beside this binary, through a symbolic link if need be.
func execScript() (string, error) {
	binary, err := os.Executable()
	if err != nil {
		return "", err
	}
	binary, err = filepath.EvalSymlinks(binary)
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(binary), "pulumi-language-python-exec"), nil
}

// configEnv hands the stack's configuration to Python in the environment. An empty one is `{}` and `[]`, never `null`,
// at which the SDK fails.
func configEnv(config map[string]string, secretKeys []string) ([]string, error) {
	if config == nil {
		config = map[string]string{}
	}
	if secretKeys == nil {
		secretKeys = []string{}
	}
	values, err1 := json.Marshal(config)
	keys, err2 := json.Marshal(secretKeys)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return []string{"PULUMI_CONFIG=" + string(values), "PULUMI_CONFIG_SECRET_KEYS=" + string(keys)}, nil
}
