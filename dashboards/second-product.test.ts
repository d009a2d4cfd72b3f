import test from 'ava'
import { board } from '../services/model/board.ts'
import { counter } from '../services/model/metric.ts'
import { route } from '../services/model/route.ts'
import { service } from '../services/model/service.ts'
import { store } from '../services/model/store.ts'
import { consume, deadLetterTopic, topic } from '../services/model/topic.ts'
import { topology as declare } from '../services/model/topology.ts'
import { overview } from '../services/platform/boards.ts'
import { topology } from '../services/topology.ts'
import { z } from 'zod'
import { metricPanels, tracePanels, type Board } from './board.ts'
import { boardsOf } from './boards.ts'

const sent = counter<'room'>('chat_sent_total', { help: 'Messages', labels: { room: [] } })
const talk = board('talk', { title: 'Talk', product: 'social', summary: 'How people talk.' })
const messages = topic('chat.message.v1', {
  summary: 'Messages.',
  key: 'room',
  type: 'kr.social.message.v1',
  schema: z.object({ room: z.string() }),
  deadLetters: deadLetterTopic('chat.message.v1.dlt', {
    summary: 'Messages that nobody understood.',
    key: 'room',
    type: 'kr.social.message.v1',
  }),
})

/** A service of a product that is not there, with a store on an engine that nobody uses yet. */
const chat = service({
  name: 'chat',
  product: 'social',
  summary: 'People talk.',
  port: 8301,
  stores: [store('mariadb', 'chat', { summary: 'Rooms.' })],
  publishes: [messages],
  consumes: [consume(messages, 'chat-readers')],
  api: { rooms: route('GET /rooms', { summary: 'Rooms.', access: 'public', answers: {} }) },
  metrics: { sent },
  panels: [
    {
      on: talk,
      title: 'Messages',
      description: 'Messages by room.',
      unit: 'ops',
      lines: [{ measure: 'rate', metric: sent, by: ['room'], legend: '{{room}}' }],
    },
    {
      on: overview,
      title: 'Chat messages',
      description: 'All messages.',
      unit: 'ops',
      lines: [{ measure: 'rate', metric: sent, legend: 'messages' }],
    },
  ],
  slo: { availability: 99.5, latency: { p95Ms: 150 } },
})

const boards = new Map(
  boardsOf(declare([...topology.services, chat], [])).map((one) => [one.uid, one]),
)
const boardNamed = (uid: string): Board => {
  const found = boards.get(uid)
  if (!found) throw new Error(`There is no board ${uid}.`)
  return found
}
const linesOf = (uid: string) => metricPanels(boardNamed(uid)).flatMap(({ lines }) => lines)
const queriesOf = (uid: string) => linesOf(uid).map(({ query }) => query)
const rowOf = (uid: string, title: string): readonly string[] =>
  boardNamed(uid)
    .rows.filter((row) => row.title === title)
    .flatMap(({ panels }) => panels.map((panel) => panel.title))

test('a new product has its row in the overview, with what its services show there', (t) => {
  const row = rowOf('msa-overview', 'social')
  t.deepEqual(row, ['Replicas', 'Requests', '5xx share', 'p95', 'Chat messages'])
  t.true(queriesOf('msa-overview').includes('sum(rate(chat_sent_total{service="chat"}[1m]))'))
})

test('its objectives and the rates at which its budgets burn are among the SLOs', (t) => {
  t.true(rowOf('maru-slo', 'social').includes('Availability budget left'))
  t.true(rowOf('maru-slo', 'social: burn rates').includes('Availability: 1h and 5m'))
  const own = queriesOf('maru-slo').filter((query) => query.includes('service="chat"'))
  t.true(own.some((query) => query.endsWith('/ 0.005') && query.includes('[28d]')))
  t.true(own.some((query) => query.includes('le="0.15"')))
})

test('a store on a new engine has a row, and its slow calls are found', (t) => {
  t.deepEqual(rowOf('maru-stores', 'MariaDB'), [
    'Answers',
    'Calls',
    'Failed calls',
    'Call time',
    'Pools',
    'Queries',
    'Connections',
    'Waits for rows',
    'Slow calls',
  ])
  const traces = tracePanels(boardNamed('maru-stores')).map(({ traceql }) => traceql)
  t.true(traces.some((query) => query.includes('span.db.system.name = "mariadb"')))
})

test('its dead letters are on the board of Kafka, where topics and groups are all shown', (t) => {
  const legends = linesOf('maru-kafka').map(({ legend }) => legend)
  t.true(legends.includes('chat.message.v1.dlt'))
  t.true(queriesOf('maru-kafka').includes('sum by (group, topic) (kafka_consumergroup_lag)'))
})

test('its breakers are on the board of breakers, whoever has them', (t) => {
  for (const query of queriesOf('maru-breakers')) t.notRegex(query, /service="/)
})

test('a board that its services share has a row for each, and how far they are behind', (t) => {
  const { rows, title, product } = boardNamed('talk')
  t.deepEqual([title, product], ['Talk', 'social'])
  t.deepEqual(
    rows.map((row) => row.title),
    ['chat', 'Kafka'],
  )
  t.deepEqual(queriesOf('talk'), [
    'sum by (room) (rate(chat_sent_total{service="chat"}[1m]))',
    'sum by (topic) (kafka_consumergroup_lag{group="chat-readers"})',
  ])
})

test('its services have boards of their own', (t) => {
  t.is(boardNamed('maru-chat').title, 'chat (social)')
})

test('boards of other products stay as they are', (t) => {
  const before = new Map(boardsOf(topology).map((one) => [one.uid, one]))
  t.deepEqual(boards.get('msa-search-rank'), before.get('msa-search-rank'))
  t.deepEqual(boards.get('maru-rank'), before.get('maru-rank'))
})
