import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { opensearchObjects, type OpensearchArgs } from './opensearch-objects.ts'

/** Registers the OpenSearch cluster that its operator runs. */
export class Opensearch extends Capability {
  constructor(name: string, args: OpensearchArgs, options: ComponentResourceOptions) {
    super('Opensearch', name, opensearchObjects(args), args.settings, options)
  }
}
