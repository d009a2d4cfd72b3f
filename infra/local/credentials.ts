import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingSecret } from '../../services/kit/bindings.ts'
import { credentialsOf, type Credentials } from '../../services/model/scope.ts'
import { clientsIn, isRead, type Topology } from '../../services/model/topology.ts'
import { storeSecret } from './addresses.ts'
import { secret } from './secrets.ts'

/** The clients of the local run with their secrets, made at the first call. */
export const localCredentials = (all: Topology, secrets: string): Promise<readonly Credentials[]> =>
  Promise.all(
    clientsIn(all, 'local').map(async (client) =>
      credentialsOf(client, await secret(secrets, `client-${client.id}`)),
    ),
  )

/** Makes every secret that the declarations ask for; existing ones stay. */
export async function makeSecrets(all: Topology, secrets: string): Promise<void> {
  const clients = JSON.stringify(await localCredentials(all, secrets))
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
