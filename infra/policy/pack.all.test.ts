import { join } from 'node:path'
import test from 'ava'
import { pulumiBench, type Bench } from '../pulumi/testing.ts'

let bench: Bench
test.before(async (t) => {
  t.timeout(300_000)
  bench = await pulumiBench()
})
test.after.always(() => bench?.stop())

const preview = (stack: string) =>
  bench.pulumi(
    'preview',
    '--stack',
    stack,
    '--policy-pack',
    join(bench.place.root, 'infra/policy/pack'),
  )

test.serial('dev is fine, with advice about images that were never released', async (t) => {
  t.timeout(180_000)
  const { exitCode, output } = await preview('dev')
  t.is(exitCode, 0, output.slice(-3000))
  t.regex(output, /\[advisory\].*image-digest/)
  t.notRegex(output, /\[mandatory\]/)
})

test.serial('prod is fine as it is, and refused with the same images', async (t) => {
  t.timeout(300_000)
  const fine = await preview('prod')
  t.is(fine.exitCode, 0, fine.output.slice(-3000))
  await bench.pulumi('config', 'set', 'delivery', 'pulumi', '--stack', 'prod')
  const { exitCode, output } = await preview('prod')
  t.not(exitCode, 0)
  t.regex(output, /\[mandatory\].*image-digest-at-the-door/)
  t.notRegex(output, /\[mandatory\](?!.*image-digest)/, 'another rule is broken, too')
})
