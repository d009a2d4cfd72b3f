import { lastReason, poll } from '../local/poll.ts'
import { alertText, isMeant, type AlertLabels, type Drill, type Ground } from './drill.ts'
import type { Notice } from './receiver.ts'

/** What the runner watches while a fault is there. */
export interface Watch {
  /** What was told so far, in order. */
  readonly notices: readonly Notice[]
  /** Alerts that fire now. */
  firing(): Promise<readonly AlertLabels[]>
  /** How long after its cause an alert may take, in milliseconds: its windows, its `for` and half a minute. */
  deadlineMs(alert: AlertLabels): number
  /** Somebody wants to stop: nothing is waited for any more. */
  readonly signal: AbortSignal
  /** Why the platform is not well; undefined when it is. */
  ailing(): Promise<string | undefined>
}

/** A line of the scorecard. Times are seconds. */
export interface Score {
  readonly drill: string
  readonly says: string
  readonly passed: boolean
  /** By alert: how long after the fault it was told; null where it never was. */
  readonly fired: readonly {
    readonly alert: string
    readonly afterSeconds: number | null
    readonly withinSeconds: number
  }[]
  /** Alerts that should have stayed silent. */
  readonly falseAlarms: readonly string[]
  /** From the healing to the last alert's end; null where it did not come in time. */
  readonly recoveredSeconds: number | null
  readonly problems: readonly string[]
}

const lookEveryMs = 250
/** A platform that was just drilled takes a while to be quiet. */
const quietWithinMs = 180_000

/**
 * Injects one fault, watches what people are told, heals, and waits until all is well again.
 * @throws the signal's reason when somebody wants to stop; the fault is healed then
 */
export async function runDrill(drill: Drill, ground: Ground, watch: Watch): Promise<Score> {
  const { name, says, fires, silent } = drill
  const unquiet = await untilQuiet([...fires, ...silent], watch, {
    withinMs: quietWithinMs,
    fires: 'fires',
  })
  if (unquiet !== undefined) return { ...empty(drill), problems: [`before the fault ${unquiet}`] }
  const first = watch.notices.length
  const began = Date.now()
  const heal = await drill.inject(ground)
  let fired: Score['fired']
  try {
    fired = await untilTold(drill, watch, { first, began })
  } finally {
    await heal()
  }
  const healed = Date.now()
  // What fired may take as long to end as it may to begin.
  const last = await untilQuiet(fires, watch, {
    withinMs: Math.max(...limitsOf(drill, watch)),
    fires: 'still fires',
  })
  const told = watch.notices.slice(first).filter(({ status }) => status === 'firing')
  const falseAlarms = silent
    .filter((meant) => told.some(({ labels }) => isMeant(labels, meant)))
    .map(alertText)
  const problems = [
    ...fired
      .filter((one) => one.afterSeconds === null)
      .map((one) => `${one.alert} was not told within ${one.withinSeconds} s`),
    ...falseAlarms.map((one) => `${one} should have stayed silent`),
    ...(last === undefined ? [] : [last]),
  ]
  return {
    drill: name,
    says,
    passed: problems.length === 0,
    fired,
    falseAlarms,
    recoveredSeconds: last === undefined ? seconds(Date.now() - healed) : null,
    problems,
  }
}

const empty = ({ name, says, fires }: Drill) => ({
  drill: name,
  says,
  passed: false,
  fired: fires.map((alert) => ({ alert: alertText(alert), afterSeconds: null, withinSeconds: 0 })),
  falseAlarms: [],
  recoveredSeconds: null,
})

/** Well: everything is ready, and none of these alerts fires. @returns why not, when it is not in time */
const untilQuiet = (
  meant: readonly AlertLabels[],
  { firing, ailing, signal }: Watch,
  { withinMs, fires }: { readonly withinMs: number; readonly fires: string },
): Promise<string | undefined> =>
  lastReason(
    async () => {
      signal.throwIfAborted()
      const now = await firing()
      const loud = meant.find((one) => now.some((alert) => isMeant(alert, one)))
      return loud ? `${alertText(loud)} ${fires}` : ailing()
    },
    { withinMs, everyMs: lookEveryMs },
  )

/** By alert, in ms. */
const limitsOf = ({ fires, noticesWithinMs = 0 }: Drill, { deadlineMs }: Watch) =>
  fires.map((alert) => noticesWithinMs + deadlineMs(alert))

async function untilTold(
  drill: Drill,
  watch: Watch,
  { first, began }: { first: number; began: number },
): Promise<Score['fired']> {
  const { fires } = drill
  const { notices, signal } = watch
  const toldAt = (meant: AlertLabels): number | undefined =>
    notices.slice(first).find(({ status, labels }) => status === 'firing' && isMeant(labels, meant))
      ?.at
  const limits = limitsOf(drill, watch)
  const allTold = (): true | undefined => {
    signal.throwIfAborted()
    return fires.every((one) => toldAt(one) !== undefined) ? true : undefined
  }
  await poll(allTold, { withinMs: Math.max(...limits), everyMs: lookEveryMs })
  return fires.map((meant, at) => {
    const afterMs = (toldAt(meant) ?? Infinity) - began
    const limit = limits[at] ?? 0
    return {
      alert: alertText(meant),
      afterSeconds: afterMs <= limit ? seconds(afterMs) : null,
      withinSeconds: seconds(limit),
    }
  })
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10
