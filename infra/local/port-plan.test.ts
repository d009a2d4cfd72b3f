import { createServer } from 'node:net'
import test from 'ava'
import { planPorts } from './port-plan.ts'
import { freePorts } from './ports.ts'

const nothing = { kept: {}, running: new Set<string>() }

test('everybody gets the preferred ports while they are free', async (t) => {
  const [a = 0, b = 0] = await freePorts(2)
  const listeners = [
    { name: 'a', preferred: { main: a } },
    { name: 'b', preferred: { main: b } },
  ]
  const plan = await planPorts(listeners, nothing)
  t.deepEqual(plan, { ports: { a: { main: a }, b: { main: b } }, moved: [] })
})

test('who finds its port taken moves on, not onto a port that another one prefers', async (t) => {
  const [taken = 0] = await freePorts(1)
  const close = await hold(taken)
  t.teardown(close)
  const listeners = [
    { name: 'a', preferred: { main: taken } },
    { name: 'b', preferred: { main: taken + 1 } },
  ]
  const { ports, moved } = await planPorts(listeners, nothing)
  const to = ports['a']?.['main'] ?? 0
  t.true(to > taken + 1)
  t.like(moved[0], { name: 'a', which: 'main', from: taken, to })
})

test('two replicas that prefer the same port get two ports', async (t) => {
  const [port = 0] = await freePorts(1)
  const listeners = ['rank-1', 'rank-2'].map((name) => ({ name, preferred: { main: port } }))
  const { ports } = await planPorts(listeners, nothing)
  t.is(ports['rank-1']?.['main'], port)
  t.true((ports['rank-2']?.['main'] ?? 0) > port)
})

test('the port of the last run is kept while it is free, and for good while it is held', async (t) => {
  const [preferred = 0, before = 0] = await freePorts(2)
  const listeners = [{ name: 'a', preferred: { main: preferred } }]
  const kept = { a: { main: before } }
  const free = await planPorts(listeners, { ...nothing, kept })
  t.is(free.ports['a']?.['main'], before)

  t.teardown(await hold(before))
  const held = await planPorts(listeners, { kept, running: new Set(['a']) })
  t.is(held.ports['a']?.['main'], before)
  const lost = await planPorts(listeners, { ...nothing, kept })
  t.is(lost.ports['a']?.['main'], preferred)
})

async function hold(port: number): Promise<() => Promise<void>> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return () => new Promise((resolve) => server.close(() => resolve()))
}
