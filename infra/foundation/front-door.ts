import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { frontDoorObjects, type FrontDoorArgs } from './front-door-objects.ts'

/** Registers the Gateway through which the public comes; holds nothing that could be lost. */
export class FrontDoor extends Capability {
  constructor(name: string, args: FrontDoorArgs, options: ComponentResourceOptions) {
    super('FrontDoor', name, frontDoorObjects(args), { protect: false }, options)
  }
}
