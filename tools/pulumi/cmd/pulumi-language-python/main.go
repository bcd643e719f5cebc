// Command pulumi-language-python is the plugin through which the Pulumi engine runs Python programs and policy packs.
//
// It serves the part of the LanguageRuntime protocol that previews, updates and policy packs need. Plugins and Python
// packages are in place before the engine starts, so nothing is discovered or installed here. The script
// pulumi-language-python-exec of the SDK's own release stands beside the binary.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// enginePoll is how soon the host notices that its engine was killed.
const enginePoll = 2 * time.Second

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(sdkVersion())
		return
	}
	if err := serve(); err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-python: %v\n", err)
		os.Exit(1)
	}
}

// serve answers the engine until the engine goes away. The engine reads the port from the first line of stdout.
func serve() error {
	if len(os.Args) < 2 {
		return fmt.Errorf("usage: pulumi-language-python ENGINE_ADDRESS")
	}
	engine := os.Args[len(os.Args)-1]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := rpcutil.Healthcheck(ctx, engine, enginePoll, cancel); err != nil {
		return fmt.Errorf("engine at %q: %w", engine, err)
	}
	stop := make(chan bool, 1)
	go func() {
		<-ctx.Done()
		stop <- true
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine})
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d\n", handle.Port)
	return <-handle.Done
}

// sdkVersion is the version of the Go SDK this host was built with, which go.mod pins to the engine's.
func sdkVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/pulumi/pulumi/sdk/v3" {
			return module.Version
		}
	}
	return "unknown"
}
