import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingSecret } from '../../services/kit/bindings.ts'
import { isRead, type Topology } from '../../services/model/topology.ts'
import { storeSecret } from './addresses.ts'
import { secret } from './secrets.ts'

/** A declared client with the secret that this checkout made for it. */
export interface Credentials {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
  readonly impersonates: boolean
}

/** The declared clients with their secrets, made at the first call. */
export const credentialsOf = (all: Topology, secrets: string): Promise<readonly Credentials[]> =>
  Promise.all(
    all.clients.map(async ({ id, scopes, impersonates }) => ({
      id,
      secret: await secret(secrets, `client-${id}`),
      scopes: scopes.map((scope) => scope.name),
      impersonates,
    })),
  )

/** Makes every secret that the declarations ask for; existing ones stay. */
export async function makeSecrets(all: Topology, secrets: string): Promise<void> {
  const clients = JSON.stringify(await credentialsOf(all, secrets))
  for (const store of all.stores) {
    await secret(secrets, storeSecret(store))
    if (isRead(all, store)) await secret(secrets, storeSecret(store, 'read'))
  }
  for (const service of all.services) {
    for (const [key, setting] of Object.entries(service.settings)) {
      const name = settingSecret(service, key)
      if (setting.secret === 'random') await secret(secrets, name)
      if (setting.secret === 'clients') writeFileSync(join(secrets, name), clients, { mode: 0o600 })
    }
  }
}
