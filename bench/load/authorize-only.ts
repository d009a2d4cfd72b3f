import { scenario } from 'k6/execution'
import { authorize, authorizesOnce, someOrder } from './payments.ts'
import { optionsOf } from './shape.ts'

export { handleSummary } from './shape.ts'

/** The mock gateway takes 5 to 15 ms of it. */
export const options = optionsOf(
  { rate: 1050, seconds: 360, short: { rate: 100, seconds: 10 }, iterationSeconds: 0.3 },
  { payment_authorize_duration: ['p(95)<35', 'p(99)<265'] },
)

const everyHundredth = 100

export default function authorizeOnly(): void {
  if (scenario.iterationInTest % everyHundredth === 0) authorizesOnce(someOrder('automatic'))
  else authorize(someOrder('automatic'))
}
