import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { topology } from '../../services/topology.ts'
import { ruleFilesOf } from '../../alerts/rules.ts'
import { poll } from '../local/poll.ts'
import { drills } from './drills.ts'
import type { AlertLabels, Drill, Ground } from './drill.ts'
import { paused } from '../local/kept.ts'
import type { Notice } from './receiver.ts'
import { runDrill, type Watch } from './run.ts'

const wanted = { alertname: 'Wanted', service: 'rank' }
const quiet = { alertname: 'Quiet' }

/** A drill of nothing, and a platform that tells what it is told to tell. */
function stage(says: readonly AlertLabels[], more: Partial<Watch> = {}, has: Partial<Drill> = {}) {
  const notices: Notice[] = []
  const done: string[] = []
  const drill: Drill = {
    name: 'nothing',
    says: 'nothing happens',
    fires: [wanted],
    silent: [quiet],
    inject: async () => {
      for (const labels of says) notices.push({ status: 'firing', labels, at: Date.now() })
      return async () => void done.push('healed')
    },
    ...has,
  }
  const watch: Watch = {
    notices,
    firing: async () => [],
    deadlineMs: () => 300,
    ailing: async () => undefined,
    signal: new AbortController().signal,
    ...more,
  }
  return { done, run: () => runDrill(drill, {} as Ground, watch) }
}

const more = { ...wanted, severity: 'critical' }

test('a drill passes when what must fire is told in time and nothing else', async (t) => {
  const { run, done } = stage([more, { alertname: 'Other' }])
  t.like(await run(), { passed: true, falseAlarms: [], problems: [] })
  t.deepEqual(done, ['healed'])
})

test('what is not told, and what should have been silent, fails it', async (t) => {
  t.like(await stage([]).run(), {
    passed: false,
    problems: ['Wanted{service="rank"} was not told within 0.3 s'],
  })
  t.like(await stage([more, { ...quiet, service: 'x' }]).run(), {
    passed: false,
    falseAlarms: ['Quiet'],
    problems: ['Quiet should have stayed silent'],
  })
  t.like(await stage([{ ...more, service: 'catalog' }]).run(), { passed: false })
})

test('a platform may take as long as its drill says to notice', async (t) => {
  t.like(await stage([], { deadlineMs: () => 100 }, { noticesWithinMs: 200 }).run(), {
    problems: ['Wanted{service="rank"} was not told within 0.3 s'],
  })
})

test('a platform that does not recover fails it', async (t) => {
  let asked = 0
  const ailing = async () => ((asked += 1) > 1 ? 'rank is not ready' : undefined)
  t.like(await stage([more], { ailing }).run(), {
    passed: false,
    recoveredSeconds: null,
    problems: ['rank is not ready'],
  })
})

test('whoever interrupts a drill leaves it healed', async (t) => {
  const stop = new AbortController()
  const { run, done } = stage([], { signal: stop.signal, deadlineMs: () => 60_000 })
  const running = run()
  setTimeout(() => stop.abort(new Error('enough')), 50)
  await t.throwsAsync(running, { message: 'enough' })
  t.deepEqual(done, ['healed'])
})

test('every alert of a drill is made by some rule', (t) => {
  const rules = ruleFilesOf(topology).flatMap((file) => file.rules)
  for (const { name, fires, silent } of drills)
    for (const alert of [...fires, ...silent])
      t.true(
        rules.some(
          (rule) =>
            rule.alert === alert['alertname'] &&
            (alert['service'] === undefined || rule.labels['service'] === alert['service']),
        ),
        `${name}: ${JSON.stringify(alert)}`,
      )
})

const stateOf = (pid: number): string =>
  /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''

test('what stands still goes on when it is healed, and when whoever held it was killed', async (t) => {
  const held = spawn('sleep', ['60'])
  t.teardown(() => held.kill('SIGKILL'))
  const pid = held.pid ?? 0
  const reaches = (wantedState: RegExp) =>
    poll(() => wantedState.test(stateOf(pid)) || undefined, { withinMs: 10_000, everyMs: 20 })
  const heal = paused(pid)
  t.true(await reaches(/T/))
  await heal()
  t.true(await reaches(/S/))

  const script = `
    const { paused } = await import(${JSON.stringify(new URL('../local/kept.ts', import.meta.url).href)})
    paused(${pid})
    setInterval(() => undefined, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  const gone = once(holder, 'exit')
  t.true(await reaches(/T/))
  holder.kill('SIGKILL')
  await gone
  t.true(await reaches(/S/))
})
