import {
  always,
  componentOf,
  containersOf,
  everyContainer,
  isComponent,
  workloads,
} from './rule.ts'
import type { ObjectRule } from './rule.ts'

/** What runs images whose digests the repository knows. */
const pinned = ['service', 'migration', 'server']
const isPinned = isComponent(pinned)

const hasDigest = /@sha256:[0-9a-f]{64}$/

export const imageRules: readonly ObjectRule[] = [
  {
    scope: 'object',
    id: 'image-digest',
    message: 'image must name its digest (name:tag@sha256:digest): a tag may be moved',
    targets: workloads,
    // Before the first push, and where images are built, there is none yet.
    level: ({ protect }) => (protect ? 'deny' : 'warn'),
    check: (object) =>
      !pinned.includes(componentOf(object)) ||
      containersOf(object).every(({ image }) => hasDigest.test(image)),
    cel: `!${isPinned} || (${everyContainer("c.image.matches('@sha256:[0-9a-f]{64}$')")})`,
    bad: (good) => (good.spec.template.spec.containers[0].image = 'registry.example.com/a:1'),
  },
  {
    scope: 'object',
    id: 'image-version',
    message: 'image must have a version other than latest',
    targets: workloads,
    level: always,
    check: (object) => containersOf(object).every(({ image }) => isVersioned(image)),
    cel: everyContainer("!c.image.matches(':latest(@|$)') && c.image.matches('[:@][^/]+$')"),
    bad: (good) => (good.spec.template.spec.containers[0].image = latest),
  },
]

const isVersioned = (image: string): boolean =>
  !/:latest(@|$)/.test(image) && /[:@][^/]+$/.test(image)

const latest = `registry.example.com/a:latest@sha256:${'0'.repeat(64)}`
