import { setTimeout as delay } from 'node:timers/promises'
import { connect } from './client.ts'

const group = 'maru-warm-up'
const withinMs = 30_000

/**
 * Makes a fresh broker load its group coordinator: until then the first consumer of its life crashes once
 * ("coordinator is loading"). Costs one request where the coordinator is there already.
 * @throws Error with the broker's last answer when it is not there within 30 s
 */
export async function warmUp(bootstrap: string): Promise<void> {
  const { client } = connect({
    bootstrap,
    prefix: '',
    clientId: 'maru-warm-up',
    retry: { retries: 0 },
  })
  const admin = client.admin()
  await admin.connect()
  try {
    for (const until = Date.now() + withinMs; ; await delay(100)) {
      const problem = await admin.fetchOffsets({ groupId: group }).then(nothing, reasonOf)
      if (problem === undefined) return
      if (Date.now() > until) throw new Error(`Kafka has no group coordinator: ${problem}`)
    }
  } finally {
    await admin.disconnect()
  }
}

const nothing = (): undefined => undefined
const reasonOf = (error: unknown): string => (error as Error).message
