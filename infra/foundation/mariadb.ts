import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { mariadbObjects, type MariadbArgs } from './mariadb-objects.ts'

/** Registers the MariaDB cluster that mariadb-operator runs. */
export class Mariadb extends Capability {
  constructor(name: string, args: MariadbArgs, options: ComponentResourceOptions) {
    super('Mariadb', name, mariadbObjects(args), args.settings, options)
  }
}
