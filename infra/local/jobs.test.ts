import test from 'ava'
import { startJobs, type Job } from './jobs.ts'

const job = (name: string, after: readonly string[], work: () => Promise<void>): Job => ({
  name,
  title: name,
  after,
  vital: true,
  work: async () => {
    await work()
    return undefined
  },
})

test('a job works after those that it comes after, and beside the others', async (t) => {
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  const started = startJobs([
    job('service', ['engine', 'not in this run'], async () => void order.push('service')),
    job('engine', [], async () => {
      await gate.promise
      order.push('engine')
    }),
    job('other', [], async () => {
      order.push('other')
      gate.resolve()
    }),
  ])
  const outcomes = await Promise.all(started.map(({ outcome }) => outcome))
  t.true(outcomes.every(({ ok }) => ok))
  t.deepEqual(order, ['other', 'engine', 'service'])
})

test('what needs a failed job is skipped and says so; the rest goes on', async (t) => {
  const started = startJobs([
    job('engine', [], () => Promise.reject(new Error('no disk'))),
    job('service', ['engine'], () => Promise.reject(new Error('must not run'))),
    job('other', [], () => Promise.resolve()),
  ])
  const [engine, service, other] = await Promise.all(started.map(({ outcome }) => outcome))
  t.like(engine, { ok: false, skipped: false })
  t.like(service, { ok: false, skipped: true })
  t.regex(service?.ok === false ? service.error.message : '', /because engine is missing/)
  t.like(other, { ok: true })
})
