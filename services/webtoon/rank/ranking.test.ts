import test from 'ava'
import { ranking } from './ranking.ts'

const tally = (views: number, likes = 0) => ({ views, likes })

test('a sum over windows is exact for titles that lead none of them', (t) => {
  const first = new Map([
    ['w-a', tally(5)],
    ['w-c', tally(4)],
  ])
  const second = new Map([
    ['w-b', tally(5)],
    ['w-c', tally(4)],
  ])
  const [best] = ranking([first, second], { view: 1, like: 1 })
  t.deepEqual(best, { contentId: 'w-c', count: 8, views: 8, likes: 0 })
})

test('equal counts go by contentId ascending', (t) => {
  const window = new Map([
    ['w-b', tally(1, 1)],
    ['w-10', tally(2)],
    ['w-9', tally(0, 2)],
  ])
  const ids = ranking([window], { view: 1, like: 1 }).map(({ contentId }) => contentId)
  t.deepEqual(ids, ['w-10', 'w-9', 'w-b'])
})

test('weights decide, and what weighs nothing does not rank', (t) => {
  const window = new Map([
    ['w-seen', tally(3)],
    ['w-liked', tally(0, 1)],
  ])
  const heavy = ranking([window], { view: 1, like: 5 })
  t.deepEqual(
    heavy.map(({ contentId, count }) => [contentId, count]),
    [
      ['w-liked', 5],
      ['w-seen', 3],
    ],
  )
  t.deepEqual(
    ranking([window], { view: 1, like: 0 }).map(({ contentId }) => contentId),
    ['w-seen'],
  )
})

test('views or likes alone can decide', (t) => {
  const window = new Map([
    ['w-seen', tally(9)],
    ['w-both', tally(3, 8)],
    ['w-liked', tally(0, 4)],
  ])
  const ids = (by: 'views' | 'likes') =>
    ranking([window], { view: 1, like: 1 }, by).map(({ contentId }) => contentId)
  t.deepEqual(ids('views'), ['w-seen', 'w-both'])
  t.deepEqual(ids('likes'), ['w-both', 'w-liked'])
})
