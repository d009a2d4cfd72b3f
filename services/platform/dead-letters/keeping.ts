import type { Context } from '../../kit/context.ts'
import type { Kafka } from '../../kit/kafka.ts'
import type { Postgres } from '../../kit/postgres.ts'
import { purgeAll } from '../../kit/purge.ts'
import { repeat } from '../../kit/repeat.ts'
import type { Bytes, Consumption } from '../../model/topic.ts'
import type { Events } from './events.ts'
import { letterOf } from './letter.ts'
import type { Origins } from './origins.ts'
import { countByState, keep, openByTopic, removal } from './store.ts'

/** What keeping letters needs. */
interface Parts {
  readonly database: Postgres
  readonly events: Events
  readonly origins: Origins
}

const lookEveryMs = 5000
const purgeEveryMs = 600_000

/** Deletes what was closed long ago; nobody in particular asks for it. */
const retention = { subject: 'retention', clientId: 'dead-letters' }

/**
 * Takes over dead letters from Kafka: the row first, then the offset, and a record that comes again is known by its
 * place. Above `capacity` they wait in Kafka.
 */
export async function keepLetters(
  context: Context,
  parts: Parts,
  from: { broker: Kafka; consumptions: readonly Consumption[]; capacity: number },
): Promise<void> {
  const { database, events, origins } = parts
  const room = await watchRoom(context, parts, from.capacity)
  for (const consumption of from.consumptions as readonly Consumption<Bytes>[])
    await from.broker.consume(consumption, {
      batch: async ({ records }) => {
        room.mustBe()
        for (const record of records) {
          const origin = origins.of(record.topic.name, record.headers['x-original-topic'] ?? '')
          const letter = letterOf(record, origin?.name ?? '')
          if (await keep(database, letter)) events.received(letter)
        }
      },
    })
}

/** Looks at what is there, for the gauges and for the limit. */
async function watchRoom(
  context: Context,
  { database, events }: Parts,
  capacity: number,
): Promise<{ mustBe(): void }> {
  let total = 0
  const look = async (): Promise<void> => {
    events.standing(await openByTopic(database))
    total = (await countByState(database)).reduce((sum, { count }) => sum + count, 0)
  }
  const mustBe = (): void => {
    if (total >= capacity)
      throw new Error(`${total} dead letters are kept, ${capacity} at most: decide and clean up.`)
  }
  context.life.check('room for dead letters', mustBe, false)
  repeat(context, { name: 'standing of dead letters', everyMs: lookEveryMs }, look)
  return { mustBe }
}

/** Deletes letters that were closed more than `days` days ago, every ten minutes. */
export const purgeLetters = (context: Context, database: Postgres, days: number): void =>
  repeat(context, { name: 'purge dead letters', everyMs: purgeEveryMs }, async () => {
    await purgeAll(database, removal(retention, days), context.life.signal)
  })
