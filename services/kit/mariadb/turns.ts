/** Places that are taken first come, first served. */
export interface Turns {
  /** How many wait for a place. */
  readonly waiting: number
  /** A place. @throws Error with code ETIMEDOUT when none was to be had in time */
  take(): Promise<void>
  /** Gives a place back, to whoever has waited longest. */
  give(): void
}

/** @param places how many there are @param withinMs how long one is waited for */
export function turns(places: number, withinMs: number): Turns {
  let free = places
  const queue = new Set<() => void>()
  return {
    get waiting() {
      return queue.size
    },
    take: () => {
      if (free > 0) {
        free -= 1
        return Promise.resolve()
      }
      const turn = Promise.withResolvers<void>()
      const late = setTimeout(() => {
        queue.delete(called)
        turn.reject(allTaken(places, withinMs))
      }, withinMs)
      const called = (): void => {
        clearTimeout(late)
        turn.resolve()
      }
      queue.add(called)
      return turn.promise
    },
    give: () => {
      const [next] = queue
      if (next === undefined) free += 1
      else {
        queue.delete(next)
        next()
      }
    },
  }
}

const allTaken = (places: number, withinMs: number): Error =>
  Object.assign(new Error(`All ${places} connections were in use for ${withinMs} ms.`), {
    code: 'ETIMEDOUT',
  })
