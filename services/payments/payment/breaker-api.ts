import { z } from 'zod'
import { route } from '../../model/route.ts'
import { breakerApi as apiOf, breakerView } from '../kit/breaker-api.ts'
import { adminPayments } from '../scopes.ts'

const params = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be the name of a breaker'),
})

export const breakerApi = {
  breakers: route('GET /circuit-breaker/status', {
    summary:
      'Every circuit breaker of the replica that answers, and those of the workers towards the payment gateway, by their names.',
    access: adminPayments,
    answers: {
      200: {
        summary: 'The breakers; null where the service of one does not answer',
        schema: z.record(z.string(), breakerView.nullable()),
      },
    },
  }),
  ...apiOf(':name', { params }),
}
