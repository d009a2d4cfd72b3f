import { readFile } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { execa } from 'execa'
import { service } from '../model/service.ts'
import { store } from '../model/store.ts'
import { Problem } from './problem.ts'
import { search } from './search.ts'
import { contextOf } from './testing/context.ts'

const index = store('opensearch', 'titles', { summary: 'Titles.' })
const finder = service({
  name: 'finder',
  product: 'platform',
  summary: 'Finds.',
  port: 23012,
  stores: [index],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

const folder = mkdtempSync(join(tmpdir(), 'maru-search-'))
const seen: (string | undefined)[] = []
let server: Server

/** An engine behind TLS that notes as whom it is asked. */
test.before(async () => {
  const [own] = await Promise.all([certificate('own'), certificate('other')])
  server = createServer(own, ({ headers }, response) => {
    seen.push(headers.authorization)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"hits":{"hits":[]}}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
test.after.always(() => {
  server?.close()
  rmSync(folder, { recursive: true })
})

const caOf = (name: string): string => join(folder, `${name}.pem`)

/** A key with a certificate that it signed itself, for this machine's address. */
async function certificate(name: string): Promise<{ key: Buffer; cert: Buffer }> {
  const [key, cert] = [join(folder, `${name}.key`), caOf(name)]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const about = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  await execa('openssl', ['req', '-x509', ...kind, ...about, '-keyout', key, '-out', cert])
  return { key: await readFile(key), cert: await readFile(cert) }
}

async function opened(t: ExecutionContext, ca: string) {
  const context = contextOf(finder, {
    OPENSEARCH_TITLES_HOST: '127.0.0.1',
    OPENSEARCH_TITLES_PORT: String((server.address() as AddressInfo).port),
    OPENSEARCH_TITLES_DATABASE: 'titles',
    OPENSEARCH_TITLES_USER: 'finder',
    OPENSEARCH_TITLES_PASSWORD: 'pass:word',
    OPENSEARCH_TITLES_CA: ca,
  })
  t.teardown(() => context.life.stop(0, 2000))
  return search(context, index)
}

test('an engine that the authority vouches for is told who asks', async (t) => {
  const { client, alias } = await opened(t, caOf('own'))
  await client.search({ index: alias })
  const basic = `Basic ${Buffer.from('finder:pass:word').toString('base64')}`
  t.deepEqual(seen, [basic])
})

test('an engine that another authority vouches for is not spoken to', async (t) => {
  const { client, alias } = await opened(t, caOf('other'))
  const error = await t.throwsAsync(client.search({ index: alias }), { instanceOf: Problem })
  t.regex(String(error.cause), /certificate/)
})

test('an authority’s certificate that is not there keeps the service from starting', async (t) => {
  await t.throwsAsync(opened(t, caOf('absent')), { message: /absent\.pem/ })
})
