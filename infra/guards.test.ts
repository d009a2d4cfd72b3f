import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { topology } from '../services/topology.ts'
import { devImports, forbiddenImports, notInert } from './guards/imports.ts'
import { repeatedShare } from './guards/repeats.ts'
import { oversized } from './guards/sizes.ts'
import { isTest, sourcesIn, type Source } from './guards/sources.ts'
import { drills } from './drill/drills.ts'
import { cells } from './prove/cells.ts'
import { suites, trialsOf } from './prove/suites.ts'
import { staleFiles } from './render.ts'

const root = new URL('..', import.meta.url).pathname
const code = sourcesIn(root, /\.(ts|lua|sql|js)$/)
const written = code.filter((source) => !isTest(source))

test('no file is over 300 lines and no function over 60', (t) => {
  t.deepEqual(oversized(written.filter(({ path }) => path.endsWith('.ts'))), [])
})

test('a long function and a long file are found', (t) => {
  const body = Array.from({ length: 61 }, (_, n) => `  use(${n})`).join('\n')
  t.is(oversized([{ path: 'a.ts', text: `function f() {\n${body}\n}` }]).length, 1)
  t.is(oversized([{ path: 'a.ts', text: 'x\n'.repeat(301) }]).length, 1)
})

test('at most 3 % of the lines stand in repeated windows of six', (t) => {
  const { share, places } = repeatedShare(written)
  t.true(share <= 0.03, `${(share * 100).toFixed(1)} %: ${places.slice(0, 10).join('\n')}`)
})

test('repeated lines are found', (t) => {
  const text = Array.from({ length: 6 }, (_, n) => `use(${n})`).join('\n')
  t.is(
    repeatedShare([
      { path: 'a.ts', text },
      { path: 'b.ts', text },
    ]).share,
    1,
  )
})

test('imports go in the directions that the layout allows', (t) => {
  t.deepEqual(forbiddenImports(code), [])
})

test('forbidden directions are found', (t) => {
  const wrong: readonly Source[] = [
    { path: 'services/model/a.ts', text: "import { x } from '../kit/log.ts'" },
    { path: 'services/webtoon/rank/store.ts', text: "import { x } from '../catalog/store.ts'" },
    {
      path: 'services/webtoon/rank/start.ts',
      text: "import { topology } from '../../topology.ts'",
    },
    {
      path: 'services/webtoon/rank/store.ts',
      text: "import { x } from '../../payments/kit/store.ts'",
    },
    { path: 'services/payments/kit/store.ts', text: "import { x } from '../payment/store.ts'" },
    { path: 'services/kit/run.ts', text: "import { x } from '../../infra/render.ts'" },
    { path: 'services/webtoon/rank/service.ts', text: "import { x } from '../../kit/http.ts'" },
  ]
  t.is(forbiddenImports(wrong).length, wrong.length)
})

test('nothing that runs stands behind a declaration', (t) => {
  t.deepEqual(notInert(written), [])
  const wrong = [
    { path: 'services/webtoon/a/service.ts', text: "import { b } from './b.ts'" },
    { path: 'services/webtoon/a/b.ts', text: "import Koa from 'koa'" },
  ]
  t.deepEqual(notInert(wrong), ['services/webtoon/a/b.ts imports koa'])
})

test('services import run-time dependencies only', (t) => {
  const { dependencies } = JSON.parse(readText('package.json')) as { dependencies: object }
  t.deepEqual(devImports(code, new Set(Object.keys(dependencies))), [])
  const wrong = [{ path: 'services/kit/a.ts', text: "import { execa } from 'execa'" }]
  t.is(devImports(wrong, new Set(['koa'])).length, 1)
})

test('links of the documents lead somewhere', (t) => {
  const pages = sourcesIn(root, /\.md$/)
  const dead = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!http)([^)#]+)[^)]*\)/g)]
      .map((match) => join(root, path, '..', match[1] ?? ''))
      .filter((target) => !existsSync(target))
      .map((target) => `${path}: ${target}`),
  )
  t.deepEqual(dead, [])
})

/** Links of a page to tests, by their titles, to which no test answers. */
function missingTests(rows: readonly string[]): readonly string[] {
  return rows.flatMap(testsIn).flatMap(([link, title = '', file = '']) => {
    const text = readFileSync(join(root, file), 'utf8')
    return ["'", '`'].some((quote) => text.includes(quote + title + quote)) ? [] : [link]
  })
}

const testsIn = (row: string) => [...row.matchAll(/\[([^\]]+)\]\(\.\.\/([^)]+\.test\.ts)\)/g)]

const rowsOf = (page: string): readonly string[] =>
  readText(page)
    .split('\n')
    .filter((line) => line.startsWith('| '))

test('every rule of the product names tests that are there', (t) => {
  const rows = rowsOf('docs/rules.md').filter((line) => !line.startsWith('| Rule |'))
  t.true(rows.length > 40)
  t.deepEqual(
    rows.filter((row) => testsIn(row).length === 0),
    [],
  )
  t.deepEqual(missingTests(rows), [])
})

test('every fault that is survived names trials, drills and tests that are there', (t) => {
  t.deepEqual(missingTests(rowsOf('docs/reliability.md')), [])
  const trials = suites.flatMap(trialsOf)
  const known: string[] = [...trials, ...drills.map(({ name }) => name)]
  const named = cells.flatMap(({ trials }) => trials)
  t.deepEqual(
    named.filter((name) => !known.includes(name)),
    [],
  )
  t.deepEqual(
    trials.filter((name) => !named.includes(name)),
    [],
  )
  t.deepEqual(
    cells.filter(({ trials, tests }) => trials.length + tests.length === 0),
    [],
  )
})

test('kafkajs and opossum are imported by the kit only', (t) => {
  const others = written.filter(({ path }) => !path.startsWith('services/kit/'))
  t.deepEqual(
    others.filter(({ text }) => /from '(kafkajs|opossum)'/.test(text)).map(({ path }) => path),
    [],
  )
})

test('no file is called by a word that says nothing', (t) => {
  const banned = /(^|\/)(utils?|helpers?|common|misc|managers?|base|types)(\.|\/)/
  t.deepEqual(
    code.filter(({ path }) => banned.test(path)).map(({ path }) => path),
    [],
  )
})

test('no committed file names a machine path or a package registry', (t) => {
  const all = sourcesIn(
    root,
    /(\.(ts|js|json|ya?ml|md|sql|lua|java|xml|properties|ndjson|mod|sum)|maru|run|Dockerfile)$/,
  )
  const machine = new RegExp(
    [
      '/wo' + 'rk/',
      '/ro' + 'ot/',
      'registry\\.np' + 'mjs',
      'repo\\.mav' + 'en',
      'proxy\\.gol' + 'ang',
    ].join('|'),
  )
  t.deepEqual(
    all.filter(({ text }) => machine.test(text)).map(({ path }) => path),
    [],
  )
})

test('no lock file says where a package came from', (t) => {
  const locks = ['package-lock.json', 'infra/local/node/package-lock.json']
  for (const lock of locks) t.notRegex(readText(lock), /"resolved":/)
})

test('what is rendered is committed as it would be rendered now', (t) => {
  t.deepEqual(staleFiles(topology, root), [], 'run ./maru render')
})

function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
