import type { Topology } from '../../services/model/topology.ts'
import { redisStoreRights } from '../../services/kit/provision.ts'
import { storeSecretName, type SecretSpec } from '../workloads/secrets.ts'

/** Name of the Secret with the access list, and the file in it. */
export const redisAclSecret = 'redis-acl'
export const redisAclFile = 'users.acl'

/** May do nothing but answer probes, so it needs no password. */
export const healthUser = 'health'

/**
 * Redis' users (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/): one a store, who touches
 * its own keys only, with hashed passwords; nobody else.
 */
export function redisAcl({ stores }: Topology): SecretSpec {
  const redis = stores.filter(({ engine }) => engine === 'redis')
  return {
    name: redisAclSecret,
    passwords: redis.map(storeSecretName),
    data: ({ sha256 }) => ({
      [redisAclFile]: [
        'user default off',
        `user ${healthUser} on nopass +ping`,
        ...redis.map(
          (store) =>
            `user ${store.name} on #${sha256(storeSecretName(store))} ${redisStoreRights(store).join(' ')}`,
        ),
        '',
      ].join('\n'),
    }),
  }
}
