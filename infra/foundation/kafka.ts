import type { ComponentResourceOptions } from '@pulumi/pulumi'
import { Capability } from './capability.ts'
import { kafkaObjects, type KafkaArgs } from './kafka-objects.ts'

/** Registers the Kafka cluster that Strimzi runs. */
export class Kafka extends Capability {
  constructor(name: string, args: KafkaArgs, options: ComponentResourceOptions) {
    super('Kafka', name, kafkaObjects(args), args.settings, options)
  }
}
