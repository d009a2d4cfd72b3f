import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { contextOf } from '../workloads/testing.ts'

/** Stacks as they are committed, each with the chart installed and without. */
export const variants: readonly Settings[] = ['dev', 'prod'].flatMap((stack) =>
  (['install', 'present'] as const).map((operators) => settingsOf(stack, { operators })),
)

/** Settings of a committed stack, with what a test changes. */
export function settingsOf(stack: string, changed: Partial<Settings> = {}): Settings {
  return contextOf(stack, changed).settings
}

interface Container {
  readonly name: string
  readonly image: string
  readonly args: readonly string[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } }
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
  readonly startupProbe: { readonly httpGet: { readonly port: string } }
  readonly readinessProbe: { readonly httpGet: { readonly port: string } }
  readonly livenessProbe: { readonly tcpSocket: { readonly port: string } }
}

/** What runs pods, as far as the tests look. */
export interface Running extends KubernetesObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels }
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations: Labels }
      readonly spec: {
        readonly serviceAccountName: string
        readonly automountServiceAccountToken: boolean
        readonly securityContext: Readonly<Record<string, unknown>>
        readonly containers: readonly [Container]
        readonly volumes: readonly { readonly name: string }[]
      }
    }
  }
}

export type Labels = Readonly<Record<string, string>>

/** Deployments and StatefulSets. */
export const runningIn = (objects: readonly KubernetesObject[]): readonly Running[] =>
  objects.filter((object): object is Running => ['Deployment', 'StatefulSet'].includes(object.kind))

/** Whether a selector chooses something with those labels. */
export const selects = (matchLabels: Labels, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value)
