import { payments } from './payments/suite.ts'
import type { Suite } from './suite.ts'
import { webtoon } from './webtoon/suite.ts'

/** Everything that is broken under a load of its own. */
export const suites: readonly Suite[] = [webtoon, payments]

/** The faults of a suite, as they are named where those of several are. */
export const trialsOf = ({ name, faults }: Suite): readonly string[] =>
  faults.map((fault) => (name === webtoon.name ? fault.name : `${name}/${fault.name}`))
