import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { serviceNamed } from '../../services/model/topology.ts'
import { topology } from '../../services/topology.ts'
import { measureSlo } from '../local/cli/measured-slo.ts'
import { freePorts } from '../local/ports.ts'
import { commitsBetween } from './commits.ts'
import { evidence } from './evidence.ts'
import { planPromotion, promote } from './promotion.ts'
import { readVersions, versionsFile } from './versions.ts'

const rank = serviceNamed(topology, 'rank')
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const line = (service: string, tag: string, letter: string): string =>
  `${service}: { tag: ${JSON.stringify(tag)}, digest: '${digest(letter)}' }\n`

const folders: string[] = []
test.after.always(() => folders.forEach((one) => rmSync(one, { recursive: true, force: true })))

function repository(dev: string, prod: string): string {
  const root = mkdtempSync(join(tmpdir(), 'maru-promote-'))
  folders.push(root)
  for (const [env, text] of Object.entries({ dev, prod })) {
    mkdirSync(join(root, 'gitops', env), { recursive: true })
    writeFileSync(versionsFile(root, env), `# What runs here.\n${text}`)
  }
  return root
}

const released = (): string =>
  repository(
    line('gateway', 'one', 'a') + line('rank', 'two', 'b') + line('search', 'one', 'a'),
    line('gateway', 'old', 'c') + line('rank', 'old', 'd'),
  )
const wish = { service: rank, from: 'dev', to: 'prod' }

test('a promotion changes exactly one line of the target, and the source not at all', (t) => {
  const root = released()
  const [devBefore, before] = [text(root, 'dev'), text(root, 'prod').split('\n')]
  t.deepEqual(
    promote(root, planPromotion(root, wish), () => ['gitops/prod/rank/x.yaml']),
    ['gitops/prod/rank/x.yaml'],
  )
  const after = text(root, 'prod').split('\n')
  const changed = after.filter((one, at) => one !== before[at])
  t.is(after.length, before.length)
  t.deepEqual(changed, [line('rank', 'two', 'b').trimEnd()])
  t.is(text(root, 'dev'), devBefore)
})

test('a service that never ran in the target is one line more', (t) => {
  const root = released()
  const plan = planPromotion(root, { ...wish, service: serviceNamed(topology, 'search') })
  t.is(plan.before, undefined)
  promote(root, plan, () => [])
  t.deepEqual(readVersions(root, 'prod')['search'], { tag: 'one', digest: digest('a') })
  t.is(Object.keys(readVersions(root, 'prod')).length, 3)
})

test('where nothing can be rendered, the line is as it was', (t) => {
  const root = released()
  const before = text(root, 'prod')
  const failing = (): never => {
    throw new Error('cannot')
  }
  t.throws(() => promote(root, planPromotion(root, wish), failing), { message: 'cannot' })
  t.is(text(root, 'prod'), before)
})

test('what cannot be promoted is refused with a sentence', (t) => {
  const root = released()
  const refused = (change: object, message: string): void => {
    t.throws(() => planPromotion(root, { ...wish, ...change }), { message })
  }
  refused({ to: 'prd' }, 'There is no environment "prd" in gitops/; did you mean prod?')
  refused({ from: 'moon' }, 'There is no environment "moon" in gitops/; known are dev, prod')
  refused({ to: 'dev' }, 'dev cannot be promoted to itself: name two environments.')
  refused(
    { service: serviceNamed(topology, 'auth') },
    'auth was never released in dev: ./maru images push writes its version there.',
  )
  promote(root, planPromotion(root, wish), () => [])
  refused({}, 'prod runs rank two already, as dev does.')
})

test('the evidence says what changed, and what was not measured', (t) => {
  const promotion = planPromotion(released(), wish)
  const bare = evidence({ promotion, commits: undefined, tests: undefined, slo: undefined })
  t.true(bare.startsWith('## rank two: dev → prod\n'))
  t.true(bare.includes(`| digest | ${digest('d')} | ${digest('b')} |`))
  t.true(bare.includes('**Commits**: `not known`'))
  t.true(bare.includes('**Tests**: `not measured`'))
  t.true(bare.includes('last 24 h**: `not measured`'))
  const full = evidence({
    promotion,
    commits: ['abc1234 Faster'],
    tests: '412 passed',
    slo: { requests: 1000, availabilityPercent: 98.5, p95Ms: 1.25 },
  })
  t.true(full.includes('**Commits**: 1\n\n- abc1234 Faster'))
  t.true(full.includes('**Tests**: 412 passed'))
  t.true(full.includes(`availability 98.5 % (target ${rank.slo.availability} %, missed)`))
  t.true(full.includes(`p95 1.3 ms (target ${rank.slo.latency.p95Ms} ms, kept)`))
})

test('commits are those that touch the service, the kit or the model', async (t) => {
  const root = released()
  const git = (...words: string[]) =>
    execa('git', ['-c', 'user.name=Mina', '-c', 'user.email=mina@example.com', ...words], {
      cwd: root,
    })
  const commit = async (path: string): Promise<string> => {
    mkdirSync(join(root, path), { recursive: true })
    writeFileSync(join(root, path, 'file.ts'), path)
    await git('add', '.')
    await git('commit', '-q', '-m', `Touch ${path}`)
    return (await git('rev-parse', '--short', 'HEAD')).stdout
  }
  await git('init', '-q')
  const first = await commit('docs')
  await commit('services/webtoon/rank')
  await commit('services/webtoon/search')
  const last = await commit('services/kit')
  const found = await commitsBetween(root, rank, first, last)
  t.deepEqual(
    found?.map((one) => one.replace(/^\w+ /, '')),
    ['Touch services/kit', 'Touch services/webtoon/rank'],
  )
  t.deepEqual(await commitsBetween(root, rank, last, last), [])
  t.is(await commitsBetween(root, rank, 'abcdef123456', last), undefined)
  t.is(await commitsBetween(root, rank, undefined, last), undefined)
})

// Only the reading of answers is tested: a server of a few lines gives them, and no real Prometheus is asked here.
test('the SLO is read from Prometheus’ answers', async (t) => {
  const values = { rate: '2', failed: '0.001', p95: '0.25' }
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://any').searchParams.get('query') ?? ''
    const which = query.startsWith('histogram') ? 'p95' : query.includes('5..') ? 'failed' : 'rate'
    const value = values[which]
    const result = value === '' ? [] : [{ metric: {}, value: [1, value] }]
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
  })
  const [port] = await freePorts(1)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = `http://127.0.0.1:${port}/`
  const measured = { requests: 172_800, availabilityPercent: 99.9, p95Ms: 250 }
  t.deepEqual(await measureSlo(address, rank), measured)
  values.p95 = 'NaN'
  t.deepEqual(await measureSlo(address, rank), { ...measured, p95Ms: undefined })
  values.rate = ''
  t.is(await measureSlo(address, rank), undefined)
})

test('a Prometheus that does not answer is said, before anything changes', async (t) => {
  const [port] = await freePorts(1)
  const error = await t.throwsAsync(measureSlo(`http://127.0.0.1:${port}`, rank))
  t.like(error, { code: 'ENVIRONMENT' })
  t.regex(error?.message ?? '', /does not answer \(ECONNREFUSED\); nothing was changed/)
})

const text = (root: string, env: string): string => readFileSync(versionsFile(root, env), 'utf8')
