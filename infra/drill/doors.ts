import { Agent, request, type Dispatcher } from 'undici'
import { idleConnectionMs } from '../../services/kit/listen.ts'

/** The platform as its clients see it: one front door, or several of which a load balancer keeps the open ones. */
export interface Doors {
  /** @throws Error when nobody answered within eight seconds */
  knock(path: string, init?: Init): Promise<Answer>
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

type Init = Pick<Dispatcher.RequestOptions, 'body'> & {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
}

/** The front door gives up payments after seven seconds, most others earlier. */
const answerWithinMs = 8000

/** @param urls base URLs of the replicas of who stands in front */
export function doorsOf(urls: readonly string[]): Doors {
  const dispatcher = new Agent({
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
  })
  let open = 0
  const leave = (door: number): void => {
    if (door === open) open = (open + 1) % urls.length
  }
  const knock = async (path: string, init: Init, others: number): Promise<Answer> => {
    const door = open
    const signal = AbortSignal.timeout(answerWithinMs)
    try {
      const { statusCode, headers, body } = await request(`${urls[door]}${path}`, {
        ...init,
        dispatcher,
        signal,
      })
      const text = await body.text()
      if (headers['connection'] === 'close') leave(door)
      return { status: statusCode, headers, text }
    } catch (error) {
      // Nothing was sent, so it can be sent through another door.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || others === 0) throw error
      leave(door)
      return knock(path, init, others - 1)
    }
  }
  return { knock: (path, init = {}) => knock(path, init, urls.length - 1) }
}
