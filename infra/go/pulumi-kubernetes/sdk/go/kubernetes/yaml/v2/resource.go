// Package v2 stands in for the large generated SDK, of which the provider needs this function.
package v2

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

type resource struct{ pulumi.CustomResourceState }

// RegisterResource registers an object of any kind; those of the core group carry its name in their type.
func RegisterResource(ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	token := apiVersion
	if token == "v1" {
		token = "core/v1"
	}
	var made resource
	err := ctx.RegisterResource("kubernetes:"+token+":"+kind, name, props, &made, opts...)
	if err != nil {
		return nil, err
	}
	return &made, nil
}
