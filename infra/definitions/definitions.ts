import type { KubernetesObject } from '../kubernetes/object.ts'
import { partOf } from '../kubernetes/object.ts'
import { extracted } from './extracted.ts'
import { kinds, type Kind } from './kinds.ts'
import { structural, type Structural } from './structural.ts'

/** The definitions of all custom kinds, as the throw-away cluster serves them. */
export const definitions = (): readonly KubernetesObject[] => kinds.map(definitionOf)

/** The definition of one kind. */
export const definitionOf = (kind: Kind): KubernetesObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${kind.plural}.${kind.group}`,
    labels: partOf,
    // The groups of Kubernetes itself ask for the word of its reviewers.
    ...(kind.group.endsWith('.k8s.io') && {
      annotations: {
        'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api',
      },
    }),
  },
  spec: 'module' in kind.definition ? extracted(kind) : narrowed(kind),
})

/** Schema of a kind's objects. */
export function schemaOf(kind: Kind): Structural {
  const { versions } = definitionOf(kind)['spec'] as {
    versions: readonly [{ schema: { openAPIV3Schema: Structural } }]
  }
  return versions[0].schema.openAPIV3Schema
}

const narrowed = ({ group, version, kind, plural, scope, definition }: Kind) => ({
  group,
  scope,
  names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
  versions: [
    {
      name: version,
      served: true,
      storage: true,
      subresources: { status: {} },
      schema: {
        openAPIV3Schema: {
          type: 'object',
          required: ['spec'],
          properties: {
            apiVersion: { type: 'string' },
            kind: { type: 'string' },
            metadata: { type: 'object' },
            spec: 'spec' in definition ? structural(definition.spec) : {},
            status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      },
    },
  ],
})
