import * as pulumi from '@pulumi/pulumi'
import type { Service } from '../../services/model/service.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { register } from '../kubernetes/registered.ts'
import { serviceObjects } from './objects.ts'
import type { StackContext } from './stack-context.ts'

/** One service in Kubernetes. */
export interface WorkloadArgs {
  readonly service: Service
  readonly context: StackContext
  /** What must answer before a migration runs. */
  readonly databases: readonly pulumi.Resource[]
}

/**
 * Registers everything that follows from one service. Its Deployment waits for its migration, and both for the identity,
 * the logins and the edges that they need; what looks at the Deployment or routes to it waits for nothing.
 */
export class Workload extends pulumi.ComponentResource {
  constructor(name: string, args: WorkloadArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:workloads:Workload', name, {}, options)
    const { before, migrations, deployments, beside } = partsOf(
      serviceObjects(args.service, args.context),
    )
    const registered = (objects: readonly KubernetesObject[], dependsOn: pulumi.Resource[]) =>
      objects.map((object) => register(object, { parent: this, dependsOn }))
    const needed = registered(before, [])
    const migrated = registered(migrations, [...needed, ...args.databases])
    registered(deployments, [...needed, ...migrated])
    registered(beside, [])
    this.registerOutputs({ service: args.service.name })
  }
}

/** What stands before the Deployment in the order of `serviceObjects` is needed by it. */
function partsOf(objects: readonly KubernetesObject[]) {
  const at = objects.findIndex(({ kind }) => kind === 'Deployment')
  const before = objects.slice(0, at)
  return {
    before: before.filter(({ kind }) => kind !== 'Job'),
    migrations: before.filter(({ kind }) => kind === 'Job'),
    deployments: objects.slice(at, at + 1),
    beside: objects.slice(at + 1),
  }
}
