import test from 'ava'
import type { Trial } from '../../prove/trial.ts'
import { asked, checkout, survived, up } from './testing.ts'

/** What `prove rolling --json` prints. */
interface Rolled {
  readonly ok: boolean
  readonly restarted: readonly string[]
  readonly trial: Trial
}

const twice = ['gateway', 'auth', 'ingest', 'rank', 'catalog', 'search']

test('of two replicas each may be stopped, and one killed, and nobody notices', async (t) => {
  t.timeout(600_000)
  const one = checkout(t)
  await up(t, one, '--replicas', ...twice.map((name) => `${name}=2`))
  const { ok, restarted, trial } = await asked<Rolled>(t, one, 'prove', 'rolling')
  t.deepEqual(trial.broken, [])
  t.true(ok)
  t.deepEqual([...restarted].sort(), twice.flatMap((name) => [`${name}-1`, `${name}-2`]).sort())
  await survived(t, one, { suite: 'faults', faults: ['kill-gateway-1', 'kill-search-1'] })
})
