import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { serviceNamed } from '../../services/model/topology.ts'
import { topology } from '../../services/topology.ts'
import { versionsFile, writeVersion } from '../gitops/versions.ts'
import { registeredBy } from '../kubernetes/mocked.ts'
import type { Settings } from '../settings.ts'
import { readStack } from '../stacks.ts'
import { imagesOf, sourceTag } from './image.ts'

const root = join(import.meta.dirname, '../..')
const rank = serviceNamed(topology, 'rank')
const prefix = 'registry.example.com/maru'

const settingsFor = (source: Settings['images']['source']): Settings => ({
  ...readStack(root, 'dev'),
  images: { source, prefix, tag: 'local' },
})

/** A checkout with only what images are made of. */
function checkout(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'maru-sources-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const file of ['Dockerfile', '.dockerignore', 'package.json', 'services/webtoon/rank'])
    cpSync(join(root, file), join(folder, file), { recursive: true })
  mkdirSync(dirname(versionsFile(folder, 'dev')), { recursive: true })
  writeFileSync(versionsFile(folder, 'dev'), '# Versions.\n')
  return folder
}

test.serial(
  'an image is built once, says its version, and goes to the stack’s registry',
  async (t) => {
    const asked = await registeredBy('dev', () => {
      const image = imagesOf(settingsFor('build'), root)
      t.is(image(rank), image(rank))
      t.is(image(rank).tag, sourceTag(root))
    })
    t.is(asked.length, 1)
    t.like(asked[0]?.inputs, {
      push: true,
      buildArgs: { SERVICE: 'webtoon/rank', VERSION: sourceTag(root) },
      tags: [`${prefix}/rank:${sourceTag(root)}`],
    })
  },
)

test('a pinned image is what versions.yaml says; what was never pushed is called unreleased', (t) => {
  const folder = checkout(t)
  const reference = () => imagesOf(settingsFor('pinned'), folder)(rank).reference
  t.is(reference(), `${prefix}/rank:unreleased`)
  const digest = `sha256:${'a'.repeat(64)}`
  writeVersion(folder, 'dev', 'rank', { tag: '1.2.3', digest })
  t.is(reference(), `${prefix}/rank:1.2.3@${digest}`)
})

test('a loaded image has the tag of the settings', (t) => {
  const { tag, reference } = imagesOf(settingsFor('loaded'), root)(rank)
  t.is(tag, 'local')
  t.is(reference, `${prefix}/rank:local`)
})

test('the tag of the sources changes with what the builder is sent, and with nothing else', (t) => {
  const folder = checkout(t)
  const before = sourceTag(folder)
  for (const unsent of ['services/webtoon/rank/new.test.ts', 'notes.md', 'services/a/testing.ts']) {
    mkdirSync(dirname(join(folder, unsent)), { recursive: true })
    writeFileSync(join(folder, unsent), 'x')
  }
  t.is(sourceTag(folder), before)
  for (const sent of ['services/webtoon/rank/new.lua', 'package.json', 'Dockerfile']) {
    const last = sourceTag(folder)
    writeFileSync(join(folder, sent), 'x')
    t.not(sourceTag(folder), last, sent)
  }
})
