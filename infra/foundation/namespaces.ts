import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { namespaceObjects, type NamespacesArgs } from './namespace-objects.ts'

/** Registers the namespaces of a stack. */
export class Namespaces extends Capability {
  constructor(name: string, args: NamespacesArgs, options: ComponentResourceOptions) {
    super('Namespaces', name, namespaceObjects(args), args.settings, options)
  }
}
