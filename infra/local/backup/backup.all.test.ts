import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { contentManager } from '../../../services/webtoon/clients.ts'
import { copyCheckout } from '../cli/checkout-copy.ts'
import { asked, get, journalOf, until, up, type Up } from '../cli/testing.ts'
import { openGateway, type Gateway } from '../front-door.ts'
import { seal, verified } from './manifest.ts'

// One platform; each test goes on where the last ended.
const one = copyCheckout()
const shelf = mkdtempSync(join(tmpdir(), 'maru-shelf-'))
const kept = join(shelf, 'kept')
test.after.always(async () => {
  await one.remove()
  rmSync(shelf, { recursive: true, force: true })
})

test.serial('what was backed up comes back to a machine that has lost everything', async (t) => {
  t.timeout(400_000)
  const before = await door(await start(t))
  await save(before, 'w-kept', '지켜진 제목')
  await save(before, 'w-changed', '처음 제목')
  await until(() => found(before, '지켜진'))
  const keys = await keysOf(before)
  const taken = await asked<{ folder: string; stores: unknown[] }>(t, one, 'backup', kept)
  t.is(taken.folder, kept)

  await save(before, 'w-changed', '나중 제목')
  await save(before, 'w-late', '늦은 제목')
  await until(() => found(before, '늦은'))
  t.is((await one.maru('down', '--wipe')).code, 0)

  const empty = await door(await start(t))
  t.is((await get(`${empty.url}/catalog/w-kept`)).status, 401)
  t.notDeepEqual(await keysOf(empty), keys)
  const restored = await one.maru('restore', kept)
  t.is(restored.code, 0, restored.progress)
  t.log(restored.out)

  const after = await door(await asked<Up>(t, one, 'env'))
  t.deepEqual(await keysOf(after), keys, 'sealed keys are opened with the key that came along')
  t.is(await titleOf(after, 'w-kept'), '지켜진 제목')
  t.is(await titleOf(after, 'w-changed'), '처음 제목')
  await t.throwsAsync(titleOf(after, 'w-late'), { message: /404/ })
  t.true(await found(after, '지켜진'))
  t.is(await found(after, '늦은'), undefined)
  t.is(await found(after, '나중'), undefined)
  await save(after, 'w-changed', '다시 고친 제목')
  await until(() => found(after, '다시'))
})

test.serial('a backup that was damaged is refused before anything stops', async (t) => {
  t.timeout(120_000)
  const running = journalOf(one)
  const flipped = copyOf('flipped')
  const dump = join(flipped, 'postgres-catalog/database.dump')
  const bytes = readFileSync(dump)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(dump, bytes)
  const gone = copyOf('gone')
  rmSync(join(gone, 'secrets'), { recursive: true })
  const open = copyOf('open')
  rmSync(join(open, 'manifest.json'))
  for (const [folder, why] of [
    [flipped, /postgres-catalog\/database\.dump was changed/],
    [gone, /auth-sealingKey is missing/],
    [open, /is no backup/],
  ] as const) {
    const { code, progress } = await one.maru('restore', folder)
    t.is(code, 1)
    t.regex(progress, why)
  }
  t.deepEqual(journalOf(one), running)
})

test.serial('a copy that cannot be read changes nothing, and the services run again', async (t) => {
  t.timeout(200_000)
  const short = copyOf('short')
  const dump = join(short, 'postgres-dead_letters/database.dump')
  const bytes = readFileSync(dump)
  writeFileSync(dump, bytes.subarray(0, bytes.length - 200))
  const said = await verified(kept)
  rmSync(join(short, 'manifest.json'))
  await seal(short, said)
  const { code, progress } = await one.maru('restore', short)
  t.is(code, 1)
  t.regex(progress, /pg_restore/)
  const after = await door(await asked<Up>(t, one, 'env'))
  t.is(await titleOf(after, 'w-changed'), '다시 고친 제목')
  t.true(await found(after, '다시'))
})

test.serial(
  'an interrupted backup leaves nothing, and a folder that is there is not touched',
  async (t) => {
    t.timeout(120_000)
    const folder = join(shelf, 'interrupted')
    const child = spawn(join(one.root, 'maru'), ['backup', folder], { detached: true })
    const ended = once(child, 'exit')
    await once(child.stderr, 'data')
    process.kill(-(child.pid ?? 0), 'SIGINT')
    t.not((await ended)[0], 0)
    t.deepEqual(
      readdirSync(shelf).filter((name) => name.includes('interrupted')),
      [],
    )
    const again = await one.maru('backup', kept)
    t.is(again.code, 1)
    t.regex(again.progress, /is there already/)
    t.true(existsSync(join(kept, 'manifest.json')))
  },
)

const start = (t: ExecutionContext): Promise<Up> =>
  up(t, one, '--only', 'search', 'gateway', 'payment')

function door({ gateway, clients }: Up): Promise<Gateway> {
  const client = clients.find(({ id }) => id === contentManager.id)
  if (!client) throw new Error(`There is no client ${contentManager.id}.`)
  return openGateway(gateway, client)
}

const save = (gateway: Gateway, id: string, title: string) =>
  gateway.send('POST /catalog/upsert', {
    body: { id, title, author: '작가', desc: '설명', tags: [] },
    schema: z.unknown(),
    repeatable: true,
  })

const titleOf = async (gateway: Gateway, id: string): Promise<string> =>
  (await gateway.send(`GET /catalog/${id}`, { schema: z.object({ title: z.string() }) })).body.title

/** True when the search finds a title with this word; else undefined. */
async function found(gateway: Gateway, word: string): Promise<true | undefined> {
  const schema = z.object({ results: z.array(z.object({ title: z.string() })) })
  const { body } = await gateway.send(`GET /search?q=${encodeURIComponent(word)}`, { schema })
  return body.results.some(({ title }) => title.includes(word)) || undefined
}

const keysOf = async ({ url }: Gateway): Promise<readonly string[]> => {
  const { body } = await get(`${url}/.well-known/jwks.json`)
  return (JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort()
}

function copyOf(name: string): string {
  const folder = join(shelf, name)
  cpSync(kept, folder, { recursive: true })
  return folder
}
