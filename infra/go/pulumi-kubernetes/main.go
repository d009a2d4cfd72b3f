// Command pulumi-resource-kubernetes is the Kubernetes provider of Pulumi. The released main embeds a generated schema,
// which is for SDK generators and not part of the module.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

func main() {
	provider.Serve("kubernetes", "4.25.0", []byte(`{"name":"kubernetes"}`), []byte("{}"))
}
