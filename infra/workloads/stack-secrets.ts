import * as pulumi from '@pulumi/pulumi'
import { foundationSecrets } from '../foundation/secrets.ts'
import { redisAcl } from '../foundation/redis-acl.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { register } from '../kubernetes/registered.ts'
import { externalSecrets, filledFrom, secretObject, secretsOf, type SecretSpec } from './secrets.ts'
import type { StackContext } from './stack-context.ts'

/** The passwords of a stack. */
export interface StackSecretsArgs {
  readonly context: StackContext
}

/**
 * Makes the Secrets that no Git repository may hold: all of the stack's from its seed, or, where they come from outside,
 * the orders for those of the servers (a service's own orders go wherever the service's objects go).
 */
export class StackSecrets extends pulumi.ComponentResource {
  constructor(name: string, args: StackSecretsArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:workloads:StackSecrets', name, {}, options)
    for (const object of objectsOf(args.context)) register(object, { parent: this })
    this.registerOutputs({})
  }
}

function objectsOf(context: StackContext): readonly KubernetesObject[] {
  const { mode, seed } = context.settings.secrets
  if (mode === 'external') return externalSecrets(foundationSecrets, context)
  const fill = filledFrom(seed)
  return allSecrets(context).map((spec) => secretObject(spec, fill, context))
}

/** Every Secret of a stack, each once: two services may share a client. */
export function allSecrets(context: StackContext): readonly SecretSpec[] {
  const services = context.topology.services.flatMap((service) => secretsOf(service, context))
  const all = [...foundationSecrets, redisAcl(context.topology), ...services]
  return [...new Map(all.map((spec) => [spec.name, spec])).values()]
}
