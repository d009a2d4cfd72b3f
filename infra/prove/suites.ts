import { payments } from './payments/suite.ts'
import type { Suite } from './suite.ts'
import { webtoon } from './webtoon/suite.ts'

/** Everything that is broken under a load of its own. */
export const suites: readonly Suite[] = [webtoon, payments]
