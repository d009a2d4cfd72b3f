import { authorize, capture, someOrder } from './payments.ts'
import { optionsOf } from './shape.ts'

export { handleSummary } from './shape.ts'

const ramp = [
  { seconds: 30, share: 0.25 },
  { seconds: 60, share: 0.5 },
  { seconds: 120, share: 0.75 },
  { seconds: 120, share: 1 },
  { seconds: 120, share: 1 },
  { seconds: 30, share: 0 },
]

/** The capture is asked for here, and made by settlement afterwards. */
export const options = optionsOf(
  { rate: 400, seconds: 480, ramp, short: { rate: 40, seconds: 16 }, iterationSeconds: 0.5 },
  {
    payment_authorize_duration: ['p(95)<35', 'p(99)<265'],
    payment_capture_duration: ['p(95)<20', 'p(99)<250'],
  },
)

export default function authorizeCapture(): void {
  const order = someOrder('manual')
  const paymentId = authorize(order)
  if (paymentId !== undefined) capture(paymentId, order)
}
