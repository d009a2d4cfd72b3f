import {
  breakerCalls,
  breakerFailureRate,
  breakerNotPermitted,
  breakerSlowRate,
  breakerState,
} from '../services/kit/breaker.ts'
import { breakerStates, type BreakerState } from '../services/model/breaker.ts'
import type { Service } from '../services/model/service.ts'
import type { Color } from '../services/model/board.ts'
import type { Board, MetricPanel } from './board.ts'
import { anyService, of, over, panelRange, rate } from './queries.ts'

const colors: Readonly<Record<BreakerState, Color>> = {
  closed: 'green',
  open: 'red',
  half_open: 'orange',
  disabled: 'blue',
  forced_open: 'red',
  forced_half_open: 'orange',
}

/** Every circuit breaker of every service. */
export const breakerBoard = (): Board => ({
  uid: 'maru-breakers',
  title: 'Circuit breakers',
  product: 'platform',
  summary: 'Who does not call whom at the moment, and why.',
  rows: [
    { title: 'State', panels: [timeline(anyService, ['service', 'instance', 'name'])] },
    { title: 'Calls', panels: calls },
  ],
})

/** The breakers of one service. */
export const breakerTimeline = (service: Service): MetricPanel =>
  timeline(of(service), ['instance', 'name'])

const timeline = (selector: string, by: readonly string[]): MetricPanel => ({
  kind: 'timeline',
  title: 'Breakers',
  description: 'The state of each circuit breaker, by replica and by what it guards.',
  unit: 'short',
  lines: [{ query: placeOf(selector, by), legend: by.map((label) => `{{${label}}}`).join(' ') }],
  states: breakerStates.map((text) => ({ text, color: colors[text] })),
})

/** A breaker's state as its place in `breakerStates`: the series of the present state is 1, the others are 0. */
const placeOf = (selector: string, by: readonly string[]): string =>
  breakerStates
    .map((state, place) => {
      const isIn = over('sum', `${breakerState.name}{${selector},state="${state}"}`, by)
      return `${place} * ${isIn}`
    })
    .join(' + ')

const breaker = ['service', 'name']
const legend = '{{service}} {{name}}'

const calls: readonly MetricPanel[] = [
  {
    title: 'Failure rate',
    description: 'Share of failed calls in the window; the gateway’s breakers open at 50 %.',
    unit: 'percentunit',
    lines: [{ query: over('max', breakerFailureRate.name, breaker), legend }],
  },
  {
    title: 'Slow rate',
    description: 'Share of slow calls in the window; the gateway’s breakers open at 50 %.',
    unit: 'percentunit',
    lines: [{ query: over('max', breakerSlowRate.name, breaker), legend }],
  },
  {
    title: 'Not permitted',
    description: 'Calls that an open breaker did not let pass, per second.',
    unit: 'reqps',
    lines: [{ query: rate(breakerNotPermitted.name, panelRange, breaker), legend }],
  },
  {
    title: 'Calls by outcome',
    description: 'What the breakers made of the calls that they let pass, per second.',
    unit: 'reqps',
    lines: [
      {
        query: rate(breakerCalls.name, panelRange, [...breaker, 'outcome']),
        legend: `${legend} {{outcome}}`,
      },
    ],
  },
]
