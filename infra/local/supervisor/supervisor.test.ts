import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ensureSupervisor, findSupervisor, healAfterKill, type Supervisor } from './client.ts'
import { logOf, readContact, readJournal } from './files.ts'
import { isRunning } from './process-table.ts'
import type { ProcessSpec, ProcessStatus } from './spec.ts'

const forever = 'setInterval(() => {}, 1000)'
const stubborn = `process.on('SIGTERM', () => {}); console.log('up'); ${forever}`

test('it starts once, keeps what it is told to keep, and leaves nothing', async (t) => {
  const { state, supervisor } = await begin(t)
  t.is((await ensureSupervisor(state, () => undefined)).pid, supervisor.pid)
  t.is(await supervisor.start(spec('one', forever), true), 'started')
  t.is(await supervisor.start(spec('one', forever), true), 'already')
  t.is(await supervisor.start(spec('one', `${forever}; 1`), true), 'replaced')
  const entries = readJournal(state)
  t.deepEqual(
    entries.map(({ name }) => name),
    ['one'],
  )
  await supervisor.leave()
  t.deepEqual(entries.filter(isRunning), [])
  t.is(findSupervisor(state), undefined)
  t.is(readContact(state), undefined)
})

test('what ends is started again after growing pauses, and says how it ended', async (t) => {
  const { supervisor } = await begin(t)
  await supervisor.start(spec('short', 'process.exit(7)'), true)
  const row = await until(supervisor, 'short', ({ restarts }) => restarts >= 2)
  t.is(row.lastEnd, 'code 7')
})

test('what is to happen once is not repeated', async (t) => {
  const { supervisor } = await begin(t)
  await supervisor.start({ ...spec('once', 'process.exit(0)'), once: true }, true)
  t.like(await until(supervisor, 'once', ({ phase }) => phase === 'stopped'), { restarts: 0 })
})

test('a process that does not heed the signal is killed at its deadline', async (t) => {
  const { state, supervisor } = await begin(t)
  await supervisor.start({ ...spec('deaf', stubborn), stopWithinMs: 300 }, true)
  await written(logOf(state, 'deaf'), 'up')
  const entries = readJournal(state)
  await supervisor.stop(['deaf'])
  t.deepEqual(entries.filter(isRunning), [])
})

test('higher tiers end before lower ones begin to', async (t) => {
  const { state, supervisor } = await begin(t)
  const says = (name: string) =>
    `process.on('SIGTERM', () => setTimeout(() => { console.log(Date.now()); process.exit(0) }, 200)); console.log('up'); ${forever} // ${name}`
  await supervisor.start({ ...spec('engine', says('engine')), tier: 0 }, true)
  await supervisor.start({ ...spec('service', says('service')), tier: 2 }, true)
  await Promise.all(['engine', 'service'].map((name) => written(logOf(state, name), 'up')))
  await supervisor.leave()
  const endOf = (name: string) => Number(readFileSync(logOf(state, name), 'utf8').split('\n')[1])
  t.true(endOf('engine') - endOf('service') >= 150)
})

test('what a killed supervisor leaves behind is ended by pid and start time', async (t) => {
  const { state, supervisor } = await begin(t)
  await supervisor.start(spec('orphan', forever), true)
  const entries = readJournal(state)
  process.kill(supervisor.pid, 'SIGKILL')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.is(entries.filter(isRunning).length, 1)
  const said: string[] = []
  await healAfterKill(state, (line) => said.push(line))
  t.deepEqual(entries.filter(isRunning), [])
  t.regex(said.join(), /orphan/)
})

test('a stranger without the token is refused', async (t) => {
  const { state } = await begin(t)
  t.is((await fetch(`${readContact(state)?.url}/processes`)).status, 401)
})

async function begin(t: ExecutionContext): Promise<{ state: string; supervisor: Supervisor }> {
  const state = mkdtempSync(join(tmpdir(), 'maru-supervisor-'))
  mkdirSync(join(state, 'logs'))
  const supervisor = await ensureSupervisor(state, () => undefined)
  t.teardown(async () => {
    await findSupervisor(state)?.leave()
    await healAfterKill(state, () => undefined)
    rmSync(state, { recursive: true, force: true })
  })
  return { state, supervisor }
}

const spec = (name: string, code: string): ProcessSpec => ({
  name,
  argv: [process.execPath, '-e', code],
  env: {},
  cwd: tmpdir(),
  stopSignal: 'SIGTERM',
  stopWithinMs: 5_000,
  tier: 0,
  ports: {},
})

async function until(
  supervisor: Supervisor,
  name: string,
  holds: (row: ProcessStatus) => boolean,
): Promise<ProcessStatus> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
    const row = (await supervisor.processes()).find((one) => one.name === name)
    if (row && holds(row)) return row
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${name} did not get there within 10 s.`)
}

async function written(file: string, text: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
    if (readFileSync(file, 'utf8').includes(text)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${file} does not say "${text}".`)
}
