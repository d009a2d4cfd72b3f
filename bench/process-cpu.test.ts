import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { machineTicks, statOf, treeOf, usageOf } from './process-cpu.ts'

test('a line of /proc is read although the name holds brackets and spaces', (t) => {
  const rest = 'S 7 1 1 0 -1 0 0 0 0 0 150 50 20 5 20 0 11 0 900 1000000 2560 0'
  t.deepEqual(statOf(`42 (a) b (c)) ${rest}`), { pid: 42, parent: 7, cpuMs: 2250, rssMiB: 10 })
})

test('a tree is a process with all below it, and nobody else', (t) => {
  const one = (pid: number, parent: number) => ({ pid, parent, cpuMs: 1, rssMiB: 1 })
  const all = [one(1, 0), one(2, 1), one(3, 2), one(4, 1), one(5, 4)]
  t.deepEqual(
    treeOf(4, all).map(({ pid }) => pid),
    [4, 5],
  )
  t.is(treeOf(9, all).length, 0)
})

test('what a child burns is counted to its parent', async (t) => {
  const burn = 'const end = Date.now() + 400; while (Date.now() < end);'
  const child = spawn(process.execPath, [
    '-e',
    `${burn} console.log("burnt"); setInterval(() => 0, 1e3)`,
  ])
  const before = usageOf(process.pid).cpuMs
  await once(child.stdout, 'data')
  const { cpuMs, rssMiB } = usageOf(child.pid ?? 0)
  // On a busy machine it gets a part of a processor only.
  t.true(cpuMs >= 30 && cpuMs < 2000, `${cpuMs}`)
  t.true(rssMiB > 10)
  t.true(usageOf(process.pid).cpuMs >= before + cpuMs - 20)
  child.kill()
})

test('stolen time is a part of all time', (t) => {
  const { all, stolen } = machineTicks()
  t.true(stolen >= 0 && stolen < all)
})
