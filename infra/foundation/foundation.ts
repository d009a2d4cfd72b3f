import * as pulumi from '@pulumi/pulumi'
import { endpointsOf } from '../endpoints.ts'
import type { FoundationArgs } from './foundation-objects.ts'
import { FrontDoor } from './front-door.ts'
import { Kafka } from './kafka.ts'
import { Mariadb } from './mariadb.ts'
import { Namespaces } from './namespaces.ts'
import { StoreNetwork } from './network.ts'
import { Opensearch } from './opensearch.ts'
import { Operators } from './operators.ts'
import { Postgres } from './postgres.ts'
import { Redis } from './redis.ts'

/**
 * Namespaces, then the operators, then what they run: Kafka, the stores, the front door. Output `endpoints`: where they
 * answer, the same places that services are told.
 */
export class Foundation extends pulumi.ComponentResource {
  readonly namespaces: Namespaces
  readonly operators: Operators
  readonly network: StoreNetwork
  readonly kafka: Kafka
  readonly postgres: Postgres
  readonly mariadb: Mariadb
  readonly redis: Redis
  readonly opensearch: Opensearch
  readonly frontDoor: FrontDoor

  constructor(name: string, args: FoundationArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:foundation:Foundation', name, {}, options)
    this.namespaces = new Namespaces('namespaces', args, { parent: this })
    this.operators = new Operators('operators', args, {
      parent: this,
      dependsOn: this.namespaces,
    })
    // The kinds of the rest are served once their operators are there.
    const after = { parent: this, dependsOn: [this.namespaces, this.operators] }
    this.network = new StoreNetwork('store-network', args, after)
    this.kafka = new Kafka('kafka', args, after)
    this.postgres = new Postgres('postgres', args, after)
    this.mariadb = new Mariadb('mariadb', args, after)
    this.redis = new Redis('redis', args, after)
    this.opensearch = new Opensearch('opensearch', args, after)
    this.frontDoor = new FrontDoor('front-door', args, after)
    this.registerOutputs({ endpoints: endpointsOf(args.settings.stack) })
  }
}
