import type { Handlers } from '../../kit/http.ts'
import type { api } from './api.ts'
import type { Board, Question } from './board.ts'
import { windowSeconds, type WindowName } from './windows.ts'

/** What the rankings answer. */
export function handlers(deps: {
  board: (question: Question) => Promise<Board>
  readFactor: number
}): Handlers<typeof api> {
  const { board, readFactor } = deps
  const ask = async ({ window, ...query }: Omit<Question, 'seconds'> & { window: WindowName }) => {
    const { aggregate } = query
    const seconds = windowSeconds[window]
    const { end, staleMs, ranked } = await board({ seconds, ...query })
    const headers = {
      'X-Window': window,
      'X-Aggregate': String(aggregate),
      'X-Aggregate-ReadFactor': String(readFactor),
      ...(staleMs > 0 && { 'X-Rank-Stale-Seconds': String(staleMs / 1000) }),
      ...(ranked.length > 0 && {
        'X-Aggregate-Start-Ms': String(end - aggregate * seconds * 1000),
        'X-Aggregate-End-Ms': String(end),
        'X-Window-Seconds': String(seconds),
      }),
    }
    return { ranked, headers }
  }
  return {
    top: async ({ query }) => {
      const { ranked, headers } = await ask(query)
      return { status: 200, body: ranked.map(({ contentId }) => contentId), headers }
    },
    detail: async ({ query }) => {
      const { ranked, headers } = await ask(query)
      return { status: 200, body: ranked, headers }
    },
  }
}
