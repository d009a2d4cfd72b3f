import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { storeNetworkPolicies, type StoreNetworkArgs } from './store-network.ts'

/** Registers who may speak to the servers. */
export class StoreNetwork extends Capability {
  constructor(name: string, args: StoreNetworkArgs, options: ComponentResourceOptions) {
    super('StoreNetwork', name, storeNetworkPolicies(args), { protect: false }, options)
  }
}
