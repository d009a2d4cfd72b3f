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
  readonly lines: readonly SharedLine[]
}

/** One line of a panel; `{{label}}` in the legend stands for the label's value. */
export interface SharedLine extends Measurement {
  readonly legend: string
}
