import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { postgresObjects, type PostgresArgs } from './postgres-objects.ts'

/** Registers the Postgres cluster that CloudNativePG runs, and its poolers. */
export class Postgres extends Capability {
  constructor(name: string, args: PostgresArgs, options: ComponentResourceOptions) {
    super('Postgres', name, postgresObjects(args), args.settings, options)
  }
}
