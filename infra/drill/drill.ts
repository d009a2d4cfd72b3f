import type { z } from 'zod'
import type pgMock from '../../services/payments/pg-mock/service.ts'
import type { Answer } from './doors.ts'

/** Calls of the mock payment gateway, and how they can be made to behave. */
export type PgCall = 'authorize' | 'capture' | 'refund' | 'void' | 'query'
export type PgBehaviour = z.infer<(typeof pgMock)['api']['behave']['body']>

/** Labels that an alert has; the name is `alertname`. */
export type AlertLabels = Readonly<Record<string, string>>

/** Undoes a fault; safe to be called twice. */
export type Heal = () => Promise<void>

/** What a fault may do to the platform. */
export interface Ground {
  /** Stops a process where it is (SIGSTOP); its sockets stay open and nobody answers. */
  pause(name: string): Promise<Heal>
  /** Ends a process as `down` would; it is started again by the heal. */
  stop(name: string): Promise<Heal>
  /** Ends a process with SIGKILL; whoever keeps it starts it again. */
  kill(name: string): Promise<void>
  /** Deletes everything that Redis holds. */
  forget(): Promise<void>
  /** Deletes the indexes behind the titles' alias. */
  loseIndex(): Promise<void>
  /** Repeats `work` so many times a second, whatever becomes of it, until healed. */
  repeat(perSecond: number, work: () => Promise<unknown>): Heal
  /** Sends a request with the operator's token. @returns its status; 0 where nobody answered */
  ask(line: string, body?: unknown): Promise<number>
  /** Has a payment authorised. @returns the status; 0 where nobody answered */
  pay(): Promise<number>
  /** Sends a request with the token of who may act for any merchant. @returns status 0 where nobody answered */
  askAsPayer(line: string, body?: unknown): Promise<Answer>
  /** Makes calls of the mock payment gateway behave otherwise. @throws Error where it is not there */
  behave(calls: readonly PgCall[], wish: PgBehaviour): Promise<void>
  /** Asks for a token of the operator. @returns its status */
  login(): Promise<number>
  /** Asks for a token with a wrong secret. @returns its status */
  askWrongly(): Promise<number>
  /** Puts records into a topic that no consumer can read. */
  poison(topic: string, count: number): Promise<void>
}

/** One fault with what people must be told of it. */
export interface Drill {
  readonly name: string
  readonly says: string
  /** Must fire, each within its own time. */
  readonly fires: readonly AlertLabels[]
  /** Must stay silent from the fault until the platform is well again. */
  readonly silent: readonly AlertLabels[]
  /** What the platform itself may take to notice, and again to be well, before any rule can see it, in ms. Default 0 */
  readonly noticesWithinMs?: number
  inject(ground: Ground): Promise<Heal>
}

/** Whether an alert is one that is meant. */
export const isMeant = (alert: AlertLabels, meant: AlertLabels): boolean =>
  Object.entries(meant).every(([label, value]) => alert[label] === value)

/** `Name{label="value"}`, as people write it. */
export function alertText({ alertname = '?', ...labels }: AlertLabels): string {
  const rest = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return rest.length === 0 ? alertname : `${alertname}{${rest.join(',')}}`
}

/** Both, in the order of their making. */
export const together =
  (...heals: readonly Heal[]): Heal =>
  async () => {
    await Promise.all(heals.map((heal) => heal()))
  }
