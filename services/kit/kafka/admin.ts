import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Topic } from '../../model/topic.ts'
import { within } from '../lifecycle.ts'
import type { Logger } from '../log.ts'
import { provisionTopics } from '../provision.ts'
import { connect } from './client.ts'
import { offsetsOf, type Offsets } from './offsets.ts'

/** What an installation does with a broker, outside of any service. */
export interface KafkaAdmin extends Offsets {
  /** Creates what is missing, adds partitions. Idempotent. */
  ensureTopics(topics: readonly Topic[]): Promise<void>
  /** Makes a fresh broker load its group coordinator, which the very first consumer would crash at. */
  warmUp(): Promise<void>
  close(): Promise<void>
}

const warmWithinMs = 15_000
const warmPauseMs = 200

/** @param at `bootstrap`: brokers, comma separated; `prefix`: before topic and group names, '' in earnest */
export async function kafkaAdmin(at: {
  bootstrap: string
  prefix: string
  log: Logger
}): Promise<KafkaAdmin> {
  const connection = connect({ ...at, clientId: 'maru-admin' })
  const admin = connection.client.admin({ retry: { initialRetryTime: 100, retries: 10 } })
  await admin.connect()
  const groupId = connection.named(`warm-up-${randomBytes(4).toString('hex')}`)
  return {
    ...offsetsOf(admin, connection),
    ensureTopics: (topics) => provisionTopics(at.bootstrap, topics, at.prefix),
    warmUp: () =>
      within(
        untilLoaded(() => admin.fetchOffsets({ groupId, topics: [] })),
        warmWithinMs,
      ),
    close: () => admin.disconnect(),
  }
}

/** "The coordinator is loading" is the answer of a broker's first seconds. */
async function untilLoaded(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      return void (await ask())
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true) throw error
      await delay(warmPauseMs)
    }
  }
}
