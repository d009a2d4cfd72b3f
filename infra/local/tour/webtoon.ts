import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { operator } from '../../../services/platform/clients.ts'
import type { Gateway } from '../front-door.ts'
import { follow } from './follow.ts'
import {
  clock,
  rankingLines,
  readersDone,
  runFrom,
  servedRanking,
  startReaders,
} from './ranking.ts'
import { answerLines, found, hasHighlight, questions } from './searches.ts'
import type { Stage } from './stage.ts'
import { stories } from './stories.ts'
import { loadTitles, searchable, titlesIn, upsert, type Title } from './titles.ts'
import { tour, welcomed } from './tour.ts'

/** The ingest route takes 200 requests a second of one client. */
const eventsPerSecond = 200
const places = 10

/** The main job on real input, from the titles to the traces of it. */
export const webtoon = tour({
  name: 'webtoon',
  says: 'real titles in; ranking, Korean search and two traces out',
  run: async ({ gatewayAs, traces, root }, stage) => {
    const titles = titlesIn(join(root, 'services/webtoon/titles.ndjson'))
    stage.heading('Titles')
    const gateway = await welcomed(operator.id, gatewayAs, stage)
    const written = await load(gateway, titles, stage)
    stage.heading('Ranking')
    const ranking = await rank(gateway, titles, stage)
    stage.heading('Search')
    const searches = await ask(gateway, stage)
    const seen = { traces, stage }
    const event = await follow(stories.event, seen, () => sendEvent(gateway, titles))
    const title = await follow(stories.title, seen, () => touchTitle(gateway, titles))
    const count = titles.length
    return { titles: { count, written }, ranking, searches, traces: { event, title } }
  },
  next: ({ traces }) => [
    `./maru trace ${traces.event.traceId} --attributes`,
    './maru trace find --service search --min-ms 20',
    './maru logs rank -f',
    './maru env --json',
    './maru dev rank',
  ],
})

async function load(gateway: Gateway, titles: readonly Title[], stage: Stage): Promise<number> {
  const loaded = await stage.step(`${titles.length} titles into the catalogue`, async () => {
    const value = await loadTitles(gateway, titles)
    return { value, say: value.written === 0 ? 'all were there' : `${value.written} written` }
  })
  await stage.step('The search has all of them', async () => ({
    value: await searchable(gateway, titles, loaded.versions),
  }))
  return loaded.written
}

async function rank(gateway: Gateway, titles: readonly Title[], stage: Stage) {
  const run = runFrom(Date.now(), eventsPerSecond)
  stage.note(
    `readers come, ${run.eps} a second for ${run.seconds} s, until the window to ${clock(run.windowEndMs)} is full`,
  )
  await stage.step('The generator sends page views and likes', async () => {
    await startReaders(gateway, run, titles.length)
    const value = await readersDone(gateway, run)
    const { totalPublished, totalErrors, totalSkipped } = value
    if (totalPublished === 0) throw new Error('none was acknowledged (./maru logs generator)')
    const lost =
      totalErrors + totalSkipped > 0 ? `, ${totalErrors} refused, ${totalSkipped} skipped` : ''
    return { value, say: `${totalPublished} acknowledged${lost}` }
  })
  const served = await stage.step('The window is served', async () => {
    const value = await servedRanking(gateway, run.windowEndMs, places)
    const known = value.ranking.filter(({ contentId }) => titles.some(({ id }) => id === contentId))
    if (known.length < places) throw new Error(`it has ${known.length} known titles, not ${places}`)
    return { value, say: `${clock(value.endMs - 10_000)} to ${clock(value.endMs)} UTC` }
  })
  const names = new Map(titles.map(({ id, title }) => [id, title]))
  stage.show(rankingLines(served.ranking, names, stage.paint))
  return served
}

const ask = async (gateway: Gateway, stage: Stage) => {
  const answers = []
  for (const { q, finds } of questions) {
    const answer = await stage.step(`“${q}”`, async () => {
      const { body } = await found(gateway, q)
      const hit = body.results.find(({ id }) => id === finds)
      if (!hit) throw new Error(`${finds} is not among the ${body.total} answers`)
      if (!hasHighlight(hit)) throw new Error(`${finds} came without a highlight`)
      return { value: body, say: body.total === 1 ? '1 title' : `${body.total} titles` }
    })
    stage.show(answerLines(answer, stage.paint))
    answers.push({ q, total: answer.total, results: answer.results })
  }
  return answers
}

async function sendEvent(gateway: Gateway, titles: readonly Title[]): Promise<string> {
  const body = {
    eventId: `tour-${randomUUID()}`,
    userId: 'u-tour',
    contentId: titles[0]?.id,
    ts: Date.now(),
    props: { action: 'like' },
  }
  return (await gateway.send('POST /ingest/events', { body, schema: z.unknown() })).traceId
}

const touchTitle = async (gateway: Gateway, [first]: readonly Title[]): Promise<string> => {
  if (!first) throw new Error('There are no titles.')
  return (await upsert(gateway, first)).traceId
}
