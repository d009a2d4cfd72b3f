import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { serviceNamed } from '../../services/model/topology.ts'
import { topology } from '../../services/topology.ts'
import { readStack } from '../stacks.ts'
import { buildImages, pushImages, serverBuilds, serviceBuilds, type Order } from './build.ts'

const root = join(import.meta.dirname, '../..')
const bin = mkdtempSync(join(tmpdir(), 'maru-docker-'))
const path = process.env['PATH'] ?? ''
test.after.always(() => rmSync(bin, { recursive: true }))

const order: Order = {
  root,
  settings: readStack(root, 'dev'),
  tag: '1.2.3',
  revision: 'abc',
  say: () => undefined,
}
const builds = serviceBuilds([serviceNamed(topology, 'rank')], order)
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`

/** Stands in for programs that the machine lacks: notes how it is called, and answers by the first word. */
function stub(name: string, answers: Readonly<Record<string, string>>): void {
  const cases = Object.entries(answers).map(([word, script]) => `${word}) ${script} ;;`)
  const script = `#!/bin/sh\necho "${name} $*" >> ${bin}/calls\ncase $1 in\n${cases.join('\n')}\nesac\n`
  writeFileSync(join(bin, name), script)
  chmodSync(join(bin, name), 0o755)
}

const calls = (): readonly string[] =>
  readFileSync(join(bin, 'calls'), 'utf8').trimEnd().split('\n')

test.beforeEach(() => {
  writeFileSync(join(bin, 'calls'), '')
  process.env['PATH'] = bin
})

test.serial('an image is built from the repository, says what it is, and is loaded', async (t) => {
  stub('docker', { info: 'echo 28' })
  stub('kind', {})
  await buildImages(builds, order.say, 'kind')
  const [, built = '', loaded] = calls()
  const name = 'localhost:5001/maru/rank:1.2.3'
  t.true(built.startsWith(`docker build --tag ${name} `), built)
  t.true(built.endsWith(` ${root}`), built)
  for (const [argument, value] of [
    ['SERVICE', 'webtoon/rank'],
    ['VERSION', '1.2.3'],
    ['REVISION', 'abc'],
  ])
    t.true(built.includes(`--build-arg ${argument}=${value} `), `${argument}: ${built}`)
  t.is(loaded, `kind load docker-image ${name} --name maru`)
})

test.serial('a push tells the digest of its own registry, whatever others gave', async (t) => {
  const given = ['elsewhere.test/rank', 'localhost:5001/maru/rank'].map(
    (name, at) => `${name}@${digest(String(at))}`,
  )
  stub('docker', { info: 'echo 28', image: `echo '${JSON.stringify(given)}'` })
  t.deepEqual(await pushImages(builds, order.say), { rank: digest('1') })
  t.true(calls().includes('docker push localhost:5001/maru/rank:1.2.3'))
})

test.serial('a push after which Docker knows no digest is a failure', async (t) => {
  stub('docker', { info: 'echo 28', image: 'echo []' })
  await t.throwsAsync(pushImages(builds, order.say), { message: /no digest of .*rank:1\.2\.3/ })
})

test.serial('what Docker says of a failed build is passed on', async (t) => {
  stub('docker', { info: 'echo 28', build: 'echo "no space left" >&2; exit 1' })
  await t.throwsAsync(buildImages(builds, order.say, undefined), {
    code: 'ENVIRONMENT',
    message: 'docker build failed:\nno space left',
  })
})

test.serial('without Docker, or without its daemon, one sentence says so', async (t) => {
  const build = () => buildImages(serverBuilds(order), order.say, undefined)
  stub('docker', { info: 'exit 1' })
  await t.throwsAsync(build, { code: 'ENVIRONMENT', message: /its daemon does not answer/ })
  process.env['PATH'] = join(bin, 'empty')
  await t.throwsAsync(build, { code: 'ENVIRONMENT', message: /there is no docker on PATH/ })
})

test.serial(
  'the word images ends with 3 where Docker is away, with 2 for a wrong wish',
  async (t) => {
    stub('docker', { info: 'exit 1' })
    const env = { PATH: `${bin}:${path}` }
    const images = (...argv: string[]) =>
      execa(join(root, 'maru'), ['images', ...argv], { env, reject: false, stdin: 'ignore' })
    const away = await images('build', 'rank')
    t.like(away, { exitCode: 3, stdout: '' })
    t.is(away.stderr.trim().split('\n').length, 1, away.stderr)
    t.like(await images('build', '--load', 'minikube'), { exitCode: 2 })
    t.like(await images('push', 'rnk'), { exitCode: 2 })
  },
)
