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
}

/** What must be there before the migration, and the migration before what serves. */
const stages: readonly (readonly string[])[] = [['Job'], ['Deployment']]

/**
 * Registers everything that follows from one service. Its Deployment waits for its migration, and its migration for the
 * identity, the logins and the edges that it needs.
 */
export class Workload extends pulumi.ComponentResource {
  constructor(name: string, args: WorkloadArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:workloads:Workload', name, {}, options)
    const objects = serviceObjects(args.service, args.context)
    const made: pulumi.Resource[] = []
    for (const stage of stagesOf(objects)) {
      const dependsOn = [...made]
      made.push(...stage.map((object) => register(object, { parent: this, dependsOn })))
    }
    this.registerOutputs({ service: args.service.name })
  }
}

/** The objects before the first stage's kinds, then each stage, then what only makes sense beside a Deployment. */
function stagesOf(objects: readonly KubernetesObject[]): readonly (readonly KubernetesObject[])[] {
  const staged = stages.map((kinds) => objects.filter(({ kind }) => kinds.includes(kind)))
  const first = objects.findIndex(({ kind }) => kind === 'Deployment')
  const before = objects.slice(0, first).filter(({ kind }) => kind !== 'Job')
  return [before, ...staged, objects.slice(first + 1)]
}
