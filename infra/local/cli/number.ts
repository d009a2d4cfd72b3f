import { UsageError } from './command.ts'

/** An option's number. @throws UsageError for what is none, and below 0 */
export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0)) throw new UsageError(`"${text}" is no number from 0 on.`)
  return value
}
