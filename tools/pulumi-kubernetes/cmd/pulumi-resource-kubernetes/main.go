// Command pulumi-resource-kubernetes is the Kubernetes provider plugin with the schema of its own module.
//
// The provider's module leaves its embedded schema to a code generator and does not ship it. schema.json beside this
// file is therefore laid over at build time (go build -overlay) with the one in the module's folder; it is not in the
// checkout.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is the release whose commit go.mod pins; the Python SDK in uv.lock has the same one.
const version = "4.25.0"

//go:embed schema.json
var schema []byte

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(version)
		return
	}
	provider.Serve("kubernetes", version, schema, nil)
}
