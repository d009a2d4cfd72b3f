import { cleanLogs } from '../../verify/clean-logs.ts'
import { deadLetterBooks } from '../../verify/dead-letter-books.ts'
import { rankingBooks, rankings } from '../../verify/rankings.ts'
import { titles } from '../../verify/title-index.ts'
import type { Suite } from '../suite.ts'
import { faults } from './faults.ts'
import { drive, kinds, type Kind } from './load.ts'

/** Every part around the rankings in turn. */
export const webtoon: Suite<Kind> = {
  name: 'faults',
  says: 'breaks every part in turn, under events, titles, rankings and searches',
  kinds,
  faults,
  settings: {},
  books: [rankingBooks, titles, deadLetterBooks],
  // Ranks can be recounted when their windows are closed; by then those of the first trials may be forgotten.
  lastly: [rankings, cleanLogs],
  drive,
}
