import * as pulumi from '@pulumi/pulumi'
import { register } from '../kubernetes/registered.ts'
import { platformObjects } from './objects.ts'
import type { StackContext } from './stack-context.ts'

/** What follows from the topology as a whole. */
export interface PlatformArgs {
  readonly context: StackContext
}

/** Registers topics, the network's default and what else belongs to no single service. */
export class Platform extends pulumi.ComponentResource {
  constructor(name: string, args: PlatformArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:workloads:Platform', name, {}, options)
    const objects = platformObjects(args.context)
    for (const object of objects) register(object, { parent: this })
    this.registerOutputs({ topics: args.context.topology.topics.map(({ name: topic }) => topic) })
  }
}
