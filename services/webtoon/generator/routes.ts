import type { Handlers } from '../../kit/http.ts'
import { Problem } from '../../kit/problem.ts'
import type { api } from './api.ts'
import type { Control } from './control.ts'
import { fastest, parametersOf, tooFast, type Defaults } from './wishes.ts'

/** The generator's three buttons. */
export const handlers = (control: Control, defaults: Defaults): Handlers<typeof api> => ({
  start: ({ query, body }) => {
    const wishes = { ...body, ...present(query) }
    if (tooFast(parametersOf(wishes, defaults))) throw beyondPeak()
    return { status: 200, body: control.start(wishes) }
  },
  stop: async () => ({ status: 200, body: await control.stop() }),
  status: () => ({ status: 200, body: control.status() }),
})

const present = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields

const beyondPeak = (): Problem =>
  new Problem(400, 'VALIDATION_ERROR', 'The run is too fast; see errors.', {
    errors: [{ field: 'eps', message: `the peak of the scenario is over ${fastest} events/s` }],
  })
