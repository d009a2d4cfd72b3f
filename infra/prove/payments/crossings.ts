import { kafkaRequest } from '../../../services/kit/testing/kafka-wire.ts'
import { executed } from '../../../services/kit/testing/mariadb-wire.ts'
import type { Crossing } from '../crossings.ts'
import { calm } from './weather.ts'
import { kinds, type Kind } from './client.ts'

const all: readonly Kind[] = kinds
const writing: readonly Kind[] = ['authorize', 'capture', 'void', 'refund']
const workers = ['settlement', 'refund'] as const
const everyRelay = ['payment', ...workers] as const
const everyReader = ['payment', ...workers, 'ledger'] as const

const produce = kafkaRequest('Produce')
const offsets = kafkaRequest('OffsetCommit')

/** Each step at which somebody can die, by its number in the plan of crash points. */
export const crossings: readonly Crossing<Kind>[] = [
  {
    ...{ name: 'c1-reserve', services: ['payment'], server: 'mariadb' },
    marks: ['insert into payment (', executed],
    says: 'a payment is reserved',
    notice: [writing, all],
  },
  {
    ...{ name: 'c2-authorize', services: ['payment'], server: 'pg-mock' },
    marks: ['post /pg/authorize'],
    says: 'the gateway is asked to hold an amount',
    notice: [['authorize'], all],
  },
  {
    ...{ name: 'c3-finalise', services: ['payment'], server: 'mariadb' },
    marks: ['update payment set status', executed],
    says: 'the gateway’s word is written',
    notice: [writing, all],
  },
  {
    ...{ name: 'c4-commit', services: ['payment'], server: 'mariadb' },
    marks: ['insert into idem_response_cache', 'commit'],
    says: 'the end of an authorisation is committed',
    notice: [writing, all],
  },
  {
    ...{ name: 'c5-answer', services: ['payment'], server: 'redis', marks: ['requesthash'] },
    says: 'a final answer is committed and goes to Redis before the client',
    notice: [[], all],
  },
  {
    ...{ name: 'c6-claim', services: everyRelay, server: 'mariadb' },
    marks: ['set leased_until = now(6) + interval', 'commit'],
    says: 'a relay claims rows of the outbox',
    notice: [writing, all],
  },
  {
    ...{ name: 'c7-produce', services: everyRelay, server: 'kafka', marks: [produce] },
    says: 'an event goes from the outbox to Kafka',
    notice: [[], all],
  },
  {
    ...{ name: 'c8-published', services: everyRelay, server: 'mariadb' },
    marks: ['set published_at = now(6)', executed],
    says: 'it is noted that events are in Kafka',
    notice: [writing, all],
  },
  {
    ...{ name: 'c9-next-row', services: everyRelay, server: 'kafka', marks: [produce, produce] },
    says: 'after one event the next goes to Kafka',
    notice: [[], all],
  },
  {
    ...{ name: 'c10-intake', services: workers, server: 'mariadb' },
    marks: ['_request (id, payment_id', executed],
    says: 'a request was fetched and is written',
    notice: [[], []],
  },
  {
    ...{ name: 'c11-capture', services: ['settlement'], server: 'pg-mock' },
    marks: ['post /pg/capture'],
    says: 'the gateway is asked to take what it holds',
    notice: [[], []],
  },
  {
    ...{ name: 'c11-captured', services: ['settlement'], server: 'mariadb' },
    marks: ['_request set status', 'commit'],
    says: 'a capture and its report are committed',
    notice: [[], []],
  },
  {
    ...{ name: 'c12-offset', services: everyReader, server: 'kafka', marks: [offsets] },
    says: 'it is noted in Kafka what was taken in',
    notice: [[], all],
  },
  {
    ...{ name: 'c13-retry', services: workers, server: 'mariadb' },
    marks: ['_request set pg_response_code', executed],
    says: 'a try that came to nothing is put off',
    notice: [[], []],
    provoke: async (ground) => {
      await ground.behave(['capture', 'refund'], { failureRate: 0.3 })
      return () => calm(ground)
    },
  },
  {
    ...{ name: 'c14-posting', services: ['ledger'], server: 'mariadb' },
    marks: ['insert into ledger_entry', executed],
    says: 'both sides of a fact are posted',
    notice: [[], []],
  },
  {
    ...{ name: 'c15-posted', services: ['ledger'], server: 'mariadb' },
    marks: ['insert into ledger_entry', 'commit'],
    says: 'both sides of a fact are committed',
    notice: [[], []],
  },
  {
    ...{ name: 'c16-refund', services: ['refund'], server: 'pg-mock', marks: ['post /pg/refund'] },
    says: 'the gateway is asked to give back what it took',
    notice: [[], []],
  },
  {
    ...{ name: 'c17-refunded', services: ['refund'], server: 'mariadb' },
    marks: ['_request set status', 'commit'],
    says: 'a refund and its report are committed',
    notice: [[], []],
  },
  {
    ...{ name: 'void', services: ['payment'], server: 'pg-mock', marks: ['post /pg/void'] },
    says: 'the gateway is asked to let go of an amount',
    notice: [['void'], all],
  },
  {
    ...{ name: 'report', services: ['payment'], server: 'mariadb' },
    marks: ['insert into inbox', 'commit'],
    says: 'a report of a worker is taken in',
    notice: [writing, all],
  },
]
