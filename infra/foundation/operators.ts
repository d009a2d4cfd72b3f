import * as k8s from '@pulumi/kubernetes'
import * as pulumi from '@pulumi/pulumi'
import { namespacesOf } from '../endpoints.ts'
import { register } from '../kubernetes/registered.ts'
import type { Settings } from '../settings.ts'
import { gatewayClass } from './front-door-objects.ts'
import { operatorsOf, type Operator } from './operator-table.ts'

/** The operators of a stack. */
export interface OperatorsArgs {
  /** With `operators: present` nothing is installed. */
  readonly settings: Settings
}

/** Installs the operators of the table as Helm releases, since their charts' hooks must run. */
export class Operators extends pulumi.ComponentResource {
  constructor(name: string, { settings }: OperatorsArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:foundation:Operators', name, {}, options)
    const rows = settings.operators === 'install' ? operatorsOf(settings, 'operators') : []
    const releases = new Map<string, pulumi.Resource>()
    for (const row of rows) {
      const dependsOn = row.after.flatMap((one) => releases.get(one) ?? [])
      releases.set(row.name, release(row, settings, { parent: this, dependsOn }))
    }
    if (rows.length > 0)
      register(gatewayClass(settings), { parent: this, dependsOn: [...releases.values()] })
    this.registerOutputs({ installed: rows.map((row) => `${row.name} ${row.version}`) })
  }
}

/** A chart may take this long to be ready, images included. */
const timeoutSeconds = 600

/** A row of the table as the Helm release of a stack. @returns the resource, to depend on */
export const release = (
  row: Operator,
  { stack }: Settings,
  options: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release =>
  new k8s.helm.v3.Release(
    row.name,
    {
      name: row.name,
      chart: row.chart,
      version: row.version,
      ...(row.repository !== undefined && { repositoryOpts: { repo: row.repository } }),
      namespace: namespaceOf(row, stack),
      createNamespace: false,
      values: row.values,
      timeout: timeoutSeconds,
    },
    options,
  )

function namespaceOf({ installedBy }: Operator, stack: string): string {
  const { operators, observability, argocd } = namespacesOf(stack)
  return { operators, observability, delivery: argocd }[installedBy]
}
