import { createVerifier } from '../../kit/auth.ts'
import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { postgres } from '../../kit/postgres.ts'
import { purgeAll } from '../../kit/purge.ts'
import { repeat } from '../../kit/repeat.ts'
import { accounts } from '../stores.ts'
import { api } from './api.ts'
import { audit, auditPurge } from './audit.ts'
import { authEvents } from './events.ts'
import { failures } from './failures.ts'
import { grants } from './grants.ts'
import { keyRing } from './keys.ts'
import { handlers } from './routes.ts'
import { sealing } from './sealing.ts'
import type auth from './service.ts'
import { store as storeOf } from './store.ts'
import { throttle } from './throttle.ts'

/** Expired refresh tokens are forgotten this often. */
const purgeEveryMs = 600_000

export async function start(context: Context<typeof auth>): Promise<{ url: string }> {
  const { config, clock } = context
  const { clients, sealingKey, auditKeptDays } = config.settings
  const database = await postgres(context, accounts)
  const store = storeOf(database)
  const failed = failures(database)
  const trail = audit(database)
  const box = sealing(sealingKey)
  const events = authEvents(context)
  await store.syncClients(
    clients.map(({ secret, merchant = null, ...client }) => ({
      ...client,
      merchant,
      secretHash: box.hash(secret),
    })),
  )
  const keys = await keyRing(context, { store, box, events })
  repeat(context, { name: 'purge refresh tokens', everyMs: purgeEveryMs }, async () => {
    await store.purge(new Date(clock()))
    await failed.purge()
    await purgeAll(database, auditPurge(auditKeptDays), context.life.signal)
  })
  const routes = handlers({
    issuer: config.text('AUTH_ISSUER'),
    scopes: [...new Set(clients.flatMap((client) => client.scopes))].sort(),
    keys,
    audit: trail,
    grants: grants(context, {
      store,
      keys,
      box,
      events,
      audit: trail,
      throttle: throttle(failed, events),
    }),
  })
  // The issuer knows its own keys: it never asks itself over HTTP.
  return serve(context, api, routes, createVerifier(context, keys.resolve))
}
