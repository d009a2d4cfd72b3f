// Package kubernetes stands in for the large generated SDK, of which the provider needs this type.
package kubernetes

import "reflect"

// UntypedArgs are the properties of a resource of any kind.
type UntypedArgs map[string]any

// ElementType is what Pulumi's SDK asks of every input.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
