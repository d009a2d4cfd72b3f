import { payments } from './payments.ts'
import type { Tour } from './tour.ts'
import { webtoon } from './webtoon.ts'

/** A product’s tour each; the first is the one without a word. */
export const tours: readonly [Tour, ...Tour[]] = [webtoon, payments]
