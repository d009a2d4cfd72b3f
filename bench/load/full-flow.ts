import { check, sleep } from 'k6'
import { authorize, capture, oddMerchant, refund, someOrder, wholeFlow } from './payments.ts'
import { optionsOf } from './shape.ts'

export { handleSummary } from './shape.ts'

/** Of a flow of 5 s the pauses are one, and the mock gateway’s capture up to three. */
export const options = optionsOf(
  { rate: 300, seconds: 360, short: { rate: 10, seconds: 15 }, iterationSeconds: 6 },
  {
    payment_authorize_duration: ['p(95)<35', 'p(99)<265'],
    payment_refund_duration: ['p(95)<20', 'p(99)<250'],
    payment_full_flow_duration: ['p(95)<5000'],
  },
)

const pauseSeconds = 0.5
/** A capture waits this long at most for its end, and is asked for again. */
const waitSeconds = 5
const asksAtMost = 3

const isWanted = (name: string): boolean => __ENV[name] !== 'false'

export default function fullFlow(): void {
  const began = Date.now()
  const order = someOrder('manual', oddMerchant())
  const paymentId = authorize(order)
  if (paymentId === undefined || !isWanted('ENABLE_CAPTURE')) return
  sleep(pauseSeconds)
  const captured = isCaptured(paymentId, order)
  check(captured, { 'it was captured in time': (is) => is })
  if (!captured || !isWanted('ENABLE_REFUND')) return
  sleep(pauseSeconds)
  if (refund(paymentId, order)) wholeFlow.add(Date.now() - began)
}

function isCaptured(paymentId: string, order: Parameters<typeof capture>[1]): boolean {
  for (let asked = 0; asked < asksAtMost; asked += 1) {
    const answer = capture(paymentId, order, waitSeconds)
    if (answer !== 'asked') return answer === 'captured'
  }
  return false
}
