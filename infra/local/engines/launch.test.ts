import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { Engine, Site } from './engine.ts'
import { argv, start, waitReady } from './launch.ts'

test('a server that ends before it is ready is reported at once, with its last words', async (t) => {
  const { engine, site, log } = await plain(t, 'echo "port is taken"; exit 3')
  const began = performance.now()
  const { exited } = launch(t, engine, site, log)
  const error = await t.throwsAsync(waitReady(engine, site, { deadlineMs: 20_000, exited, log }))
  t.regex(error.message, /plain ended before it was ready \(not yet\)[^]*port is taken/)
  t.true(performance.now() - began < 10_000)
})

test('a probe that never answers does not hold up the deadline', async (t) => {
  const { engine, site, log } = await plain(t, 'sleep 60')
  await appendFile(log, 'still loading\n')
  const silent = { ...engine, probe: () => new Promise<void>(() => undefined) }
  const error = await t.throwsAsync(waitReady(silent, site, { deadlineMs: 300, log }))
  t.regex(error.message, /plain was not ready within 0.3 s \(no answer\)[^]*still loading/)
})

test('a server that ignores its stop signal is killed when its time is over', async (t) => {
  const { engine, site, log } = await plain(
    t,
    'trap "" TERM; echo trapped; while :; do sleep 0.1; done',
  )
  const running = launch(t, engine, site, log)
  const trapped = async () => {
    if (!(await readFile(log, 'utf8')).includes('trapped')) throw new Error('not yet')
  }
  await waitReady({ ...engine, probe: trapped }, site, { deadlineMs: 5_000 })
  t.is((await running.stop()).signal, 'SIGKILL')
})

test('a program that cannot be started ends instead of throwing later', async (t) => {
  const { engine, site, log } = await plain(t, 'true')
  const absent = { ...engine, command: () => ({ program: '/nowhere/server', args: [] }) }
  t.is((await launch(t, absent, site, log).exited).code, 127)
  const homeless = { ...site, dir: '/nowhere' }
  t.is((await launch(t, engine, homeless, log).exited).code, 127)
})

test('a server sees a clean environment and, where one is named, its own account', (t) => {
  const command = { program: '/usr/bin/server', args: ['--x'], env: { HEAP: 'small' } }
  const owner = { name: 'redis', uid: 103, gid: 106 }
  const line = argv(command, { dir: '/data', owner })
  t.deepEqual(line.slice(0, 5), [
    '/usr/bin/setpriv',
    '--reuid=103',
    '--regid=106',
    '--clear-groups',
    '--',
  ])
  t.deepEqual(line.slice(5), argv(command, { dir: '/data', owner: undefined }))
  t.deepEqual(line.slice(5, 7), ['/usr/bin/env', '-i'])
  t.deepEqual(line.slice(-3), ['HEAP=small', '/usr/bin/server', '--x'])
})

async function plain(t: ExecutionContext, script: string) {
  const dir = await mkdtemp(join(tmpdir(), 'maru-plain-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const supply = { from: 'system', reason: 'a shell', version: '1', program: '/bin/sh' } as const
  const site: Site = {
    name: 'plain',
    supply,
    dir,
    ports: {},
    password: '',
    owner: undefined,
    settings: {},
  }
  const engine: Engine = {
    name: 'plain',
    summary: 'a shell script',
    vital: false,
    ports: {},
    stopSignal: 'SIGTERM',
    stopWithinMs: 500,
    readyWithinMs: 1_000,
    missing: '',
    obtain: () => Promise.resolve(supply),
    prepare: () => Promise.resolve(),
    command: () => ({ program: '/bin/sh', args: ['-c', script] }),
    probe: () => Promise.reject(new Error('not yet')),
  }
  return { engine, site, log: join(dir, 'log') }
}

function launch(t: ExecutionContext, engine: Engine, site: Site, log: string) {
  const stdout = openSync(log, 'a')
  const running = start(engine, site, { stdout })
  closeSync(stdout)
  t.teardown(() => running.kill('SIGKILL'))
  return running
}
