import test from 'ava'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { client } from '../model/scope.ts'
import { service } from '../model/service.ts'
import { store } from '../model/store.ts'
import { consume, topic } from '../model/topic.ts'
import { environmentOf, storeUser, variablesOf, type Addresses } from './bindings.ts'
import { ConfigError, readConfig } from './config.ts'

const slo = { availability: 99, latency: { p95Ms: 100 } }
const books = store('postgres', 'books', { summary: 'Books.' })
const money = store('mariadb', 'money', { summary: 'Ledger.' })
const index = store('opensearch', 'book-index', { summary: 'Index.' })
const sold = topic('books.sold.v1', {
  summary: 'Sold.',
  key: 'id',
  type: 'x.v1',
  schema: z.object({}),
})
const callee = service({
  name: 'paper-mill',
  product: 'platform',
  summary: 'Makes paper.',
  port: 23007,
  slo,
})
const library = service({
  name: 'book-shop',
  product: 'platform',
  summary: 'Sells books.',
  port: 23008,
  stores: [books, index],
  reads: [money],
  consumes: [consume(sold, 'shop')],
  calls: [callee],
  identity: client('shop', { summary: 'Sells.', scopes: [] }),
  settings: {
    pageSize: { schema: z.coerce.number().int().max(100).default(20), summary: 'Titles of a page' },
    sealingKey: { schema: z.string().min(8), summary: 'Seals', secret: 'random' },
  },
  slo,
})

const folder = mkdtempSync(join(tmpdir(), 'maru-config-'))
test.after.always(() => rmSync(folder, { recursive: true }))

const secretFile = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const addresses: Addresses = {
  instance: 'book-shop-1',
  host: '127.0.0.1',
  port: 23008,
  adminPort: 24008,
  service: (name) => `http://${name}.test`,
  store: (one, access) => ({
    host: `${one.name}.test`,
    port: 1,
    user: storeUser(one, access),
    passwordFile: secretFile('password', 'pass word\n'),
    database: one.name,
    caFile: '/authority.pem',
  }),
  kafka: 'kafka.test:9092',
  kafkaLogin: { user: 'shop', passwordFile: secretFile('kafka', 'log in\n') },
  prefix: 'p_',
  secret: (name) => secretFile(name, `${name}-secret\n`),
  issuer: 'http://issuer.test',
  jwksUri: 'http://issuer.test/keys',
  tokenUrl: 'http://issuer.test/token',
  traces: { kind: 'zipkin', endpoint: 'http://zipkin.test' },
  environment: 'test',
  migrate: 'start',
  drainMs: 0,
  fronted: [],
}

const written = environmentOf(library, addresses)

test('what the local run writes is what the service reads', (t) => {
  const config = readConfig(library, written)
  t.deepEqual(config.store(books), {
    host: 'books.test',
    port: 1,
    database: 'books',
    user: 'books',
    password: 'pass word',
    caFile: '',
  })
  t.is(written['MARIADB_MONEY_HOST'], 'money.test')
  t.is(written['MARIADB_MONEY_PASSWORD'], undefined)
  t.like(config.store(money), { database: 'money', user: 'money_reader', password: 'pass word' })
  t.like(config.store(index), {
    host: 'book-index.test',
    user: 'book-index',
    password: 'pass word',
    caFile: '/authority.pem',
  })
  t.is(config.text('KAFKA_USER'), 'shop')
  t.is(config.text('KAFKA_PASSWORD'), 'log in')
  t.is(config.text('SERVICE_PAPER_MILL_URL'), 'http://paper-mill.test')
  t.is(config.text('KAFKA_PREFIX'), 'p_')
  t.is(config.text('CLIENT_SECRET'), 'client-shop-secret')
  t.is(config.number('ADMIN_PORT'), 24008)
  t.deepEqual(config.settings, { pageSize: 20, sealingKey: 'book-shop-sealingKey-secret' })
})

test('where Kafka and OpenSearch ask for no login, nothing of one is written or demanded', (t) => {
  const { kafkaLogin: _, ...open } = addresses
  const store: Addresses['store'] = ({ engine, name }) =>
    engine === 'opensearch'
      ? { host: 'search.test', port: 1, user: '', passwordFile: '', database: name }
      : addresses.store(books, 'own')
  const env = environmentOf(library, { ...open, store })
  const logins = /^(KAFKA|OPENSEARCH_\w+)_(USER|PASSWORD|PASSWORD_FILE|CA)$/
  t.deepEqual(
    Object.keys(env).filter((name) => logins.test(name)),
    [],
  )
  const config = readConfig(library, env)
  t.like(config.store(index), { user: '', password: '', caFile: '' })
  t.is(config.text('KAFKA_USER'), '')
  t.is(config.redacted()['KAFKA_PASSWORD'], '')
})

test('secrets travel as paths of files and are never printed', (t) => {
  const printed = JSON.stringify(readConfig(library, written).redacted())
  t.notRegex(printed, /pass word|client-shop-secret|sealingKey-secret/)
  t.regex(printed, /"CLIENT_SECRET":"\*\*\*"/)
  const names = Object.keys(written)
  for (const { name, secret } of variablesOf(library))
    if (secret) t.false(names.includes(name), name)
  t.true(names.includes('POSTGRES_BOOKS_PASSWORD_FILE'))
})

test('every missing name, unreadable file and wrong value is told at once', (t) => {
  const absent = new Set(['POSTGRES_BOOKS_HOST', 'SERVICE_PAPER_MILL_URL'])
  const rest = Object.fromEntries(Object.entries(written).filter(([name]) => !absent.has(name)))
  const env = { ...rest, CLIENT_SECRET_FILE: join(folder, 'absent'), BOOK_SHOP_PAGE_SIZE: '500' }
  const error = t.throws(() => readConfig(library, env), { instanceOf: ConfigError })
  t.is(error.problems.length, 4)
  for (const name of [
    'POSTGRES_BOOKS_HOST is missing',
    'SERVICE_PAPER_MILL_URL is missing',
    'CLIENT_SECRET_FILE cannot be read',
    'BOOK_SHOP_PAGE_SIZE',
  ])
    t.regex(error.message, new RegExp(name))
})

test('a number that is none is refused', (t) => {
  const error = t.throws(() => readConfig(library, { ...written, PORT: 'eighty' }), {
    instanceOf: ConfigError,
  })
  t.regex(error.message, /PORT.*eighty/)
})

test('a setting that is an empty text is as if it were not set', (t) => {
  t.is(readConfig(library, { ...written, BOOK_SHOP_PAGE_SIZE: '' }).settings.pageSize, 20)
  t.is(readConfig(library, { ...written, BOOK_SHOP_PAGE_SIZE: '7' }).settings.pageSize, 7)
})

test('a name that the declaration does not derive cannot be read', (t) => {
  const config = readConfig(library, { ...written, HOME_MADE: '1' })
  t.throws(() => config.text('HOME_MADE'), { message: 'book-shop does not declare HOME_MADE.' })
})

test('variables follow the declaration: no store, topic, callee or identity, no variables of them', (t) => {
  const names = variablesOf(callee).map(({ name }) => name)
  t.deepEqual(
    names.filter((name) => /POSTGRES|KAFKA|SERVICE_|CLIENT_|TOKEN_URL/.test(name)),
    [],
  )
  const all = variablesOf(library).map(({ name }) => name)
  t.is(new Set(all).size, all.length)
  for (const name of [
    'OPENSEARCH_BOOK_INDEX_DATABASE',
    'KAFKA_BOOTSTRAP',
    'AUTH_TOKEN_URL',
    'BOOK_SHOP_PAGE_SIZE',
  ])
    t.true(all.includes(name), name)
  t.is(written['OTEL_EXPORTER_ZIPKIN_ENDPOINT'], 'http://zipkin.test')
})
