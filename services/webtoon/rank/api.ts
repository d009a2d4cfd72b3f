import { z } from 'zod'
import { route } from '../../model/route.ts'
import { contentId } from '../ids.ts'
import { readRank } from '../scopes.ts'
import { criteria } from './ranking.ts'
import { aggregateMax, windowSeconds, type WindowName } from './windows.ts'

const names = Object.keys(windowSeconds) as [WindowName, ...WindowName[]]

/** Digits only: `Number` would also read an empty text, `1e3` and `0x10`. */
const whole = (max: number, ifAbsent: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from 1 to ${max}`)
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(ifAbsent)

const query = z.object({
  window: z.enum(names),
  n: whole(1000, 10),
  aggregate: whole(aggregateMax, 1),
  by: z.enum(criteria).default('count').describe('What decides the order'),
})

const headers = {
  'X-Window': 'The window that was asked for',
  'X-Aggregate': 'How many windows are added up',
  'X-Aggregate-ReadFactor': 'Kept from an earlier system; sums are exact',
  'X-Aggregate-Start-Ms': 'Start of the oldest window, epoch milliseconds; absent without data',
  'X-Aggregate-End-Ms': 'End of the latest window, epoch milliseconds; absent without data',
  'X-Rank-Stale-Seconds':
    'How much older the latest window is than the one that is due and not counted to its end yet; else absent',
  'X-Window-Seconds': 'Length of a window; absent without data',
}

const count = z.int().meta({ description: 'Weighted sum of views and likes' })
const ranked = z.object({ contentId, count, views: z.int(), likes: z.int() })

export const api = {
  top: route('GET /rank/top', {
    summary: 'Ids of the top titles of the last complete window or windows, best first.',
    access: readRank,
    query,
    answers: { 200: { summary: 'Title ids', schema: z.array(contentId), headers } },
  }),
  detail: route('GET /rank/top/detail', {
    summary: 'The top titles of the last complete window or windows with their counts.',
    access: readRank,
    query,
    answers: { 200: { summary: 'Titles with counts', schema: z.array(ranked), headers } },
  }),
}
