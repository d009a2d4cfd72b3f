import type { Measurement } from './measure.ts'
import type { Product, Service } from './service.ts'

/** A board on which several services show what belongs together. */
export interface SharedBoard {
  readonly kind: 'board'
  /** Fixed, so that links last. */
  readonly uid: string
  readonly title: string
  readonly product: Product
  readonly summary: string
}

/** Declares a board. Which services are on it follows from their panels. */
export const board = (uid: string, declared: Omit<SharedBoard, 'kind' | 'uid'>): SharedBoard => ({
  kind: 'board',
  uid,
  ...declared,
})

/** Uid of the board that every service has for itself. */
export const boardOfService = ({ name }: Pick<Service, 'name'>): string => `maru-${name}`

/** What a service shows on a shared board; its own board has all of its metrics anyway. */
export interface SharedPanel {
  readonly on: SharedBoard
  readonly title: string
  readonly description: string
  /** Grafana unit, e.g. `reqps`, `s`, `short`. */
  readonly unit: string
  /** `stat`: the present value, large. Lines over time by default. */
  readonly kind?: 'stat'
  /** Green by default. */
  readonly thresholds?: readonly Threshold[]
  readonly lines: readonly SharedLine[]
}

/** Colours of Grafana; `text` is the grey of what is written. */
export type Color = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text'

/** From this value on a panel has the colour; the first is from `-Infinity` on. */
export interface Threshold {
  readonly from: number
  readonly color: Color
}

/** One line of a panel; `{{label}}` in the legend stands for the label's value. */
export interface SharedLine extends Measurement {
  readonly legend: string
}
