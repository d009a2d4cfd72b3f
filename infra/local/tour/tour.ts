import type { Gateway } from '../front-door.ts'
import type { TraceStore } from '../trace/store.ts'
import type { Stage } from './stage.ts'

/** What a tour needs of the running platform. */
export interface Platform {
  /** The front door with a client's token. */
  gatewayAs(client: string): Promise<Gateway>
  readonly traces: TraceStore
  /** Folder of the checkout. */
  readonly root: string
}

/** A walk through the main job of a product, on the running platform. */
export interface Tour {
  /** Of the product. */
  readonly name: string
  readonly says: string
  /**
   * Can be repeated at any time.
   * @returns what was seen, as data, and what to look at next
   * @throws Error that names the first thing that was not
   */
  run(platform: Platform, stage: Stage): Promise<{ seen: object; next: readonly string[] }>
}

/** @param next commands that show more of what was seen */
export const tour = <Seen extends object>({
  name,
  says,
  run,
  next,
}: Pick<Tour, 'name' | 'says'> & {
  run(platform: Platform, stage: Stage): Promise<Seen>
  next(seen: Seen): readonly string[]
}): Tour => ({
  name,
  says,
  run: async (platform, stage) => {
    const seen = await run(platform, stage)
    return { seen, next: next(seen) }
  },
})

/** The first step of each tour. */
export const welcomed = (
  client: string,
  gatewayAs: Platform['gatewayAs'],
  stage: Stage,
): Promise<Gateway> =>
  stage.step(`A token for ${client}`, async () => ({ value: await gatewayAs(client) }))
