import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { redisObjects, type RedisArgs } from './redis-objects.ts'

/** Registers Redis, which no operator runs: one server with an append-only file. */
export class Redis extends Capability {
  constructor(name: string, args: RedisArgs, options: ComponentResourceOptions) {
    super('Redis', name, redisObjects(args), args.settings, options)
  }
}
