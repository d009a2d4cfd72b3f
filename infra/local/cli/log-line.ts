import { paint } from './output.ts'

/** pino's levels. */
const levels: Readonly<
  Record<number, { name: string; colour: 'gray' | 'green' | 'yellow' | 'red' }>
> = {
  10: { name: 'trace', colour: 'gray' },
  20: { name: 'debug', colour: 'gray' },
  30: { name: 'info', colour: 'green' },
  40: { name: 'warn', colour: 'yellow' },
  50: { name: 'error', colour: 'red' },
  60: { name: 'fatal', colour: 'red' },
}
const elsewhere = ['level', 'time', 'service', 'instance', 'msg', 'pid', 'hostname']

interface Line {
  readonly level?: number | string
  readonly time?: number | string
  readonly instance?: string
  readonly msg?: string
  readonly [field: string]: unknown
}

/** A JSON line of a service as people like to read it; other lines as they are. */
export function readable(text: string): string {
  const line = parsed(text)
  if (line === undefined) return text
  const { name, colour } = levelOf(line.level)
  const fields = Object.entries(line).filter(([field]) => !elsewhere.includes(field))
  const rest = fields.map(([field, value]) => `${field}=${short(value)}`).join(' ')
  const time = paint('gray', clock(line.time))
  return `${time} ${paint(colour, name.padEnd(5))} ${line.instance ?? ''} ${line.msg ?? ''} ${paint('gray', rest)}`.trimEnd()
}

/** Lines of several logs in one order; a line without a time stays behind the one before it. */
export function byTime(logs: readonly (readonly string[])[]): readonly string[] {
  if (logs.length === 1) return logs[0] ?? []
  const timed = logs.flatMap((lines) => {
    let at = 0
    return lines.map((text) => {
      const time = parsed(text)?.time
      if (time !== undefined) at = new Date(time).getTime()
      return { text, at }
    })
  })
  return timed.sort((a, b) => a.at - b.at).map(({ text }) => text)
}

function parsed(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}

const levelOf = (level: Line['level']) =>
  typeof level === 'number'
    ? (levels[level] ?? { name: String(level), colour: 'gray' as const })
    : (Object.values(levels).find(({ name }) => name === level) ?? {
        name: level ?? '',
        colour: 'gray' as const,
      })

const clock = (time: Line['time']): string =>
  time === undefined ? '' : new Date(time).toISOString().slice(11, 23)

const short = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
