import { poll } from '../../local/poll.ts'
import type { ProvingGround } from '../ground.ts'

const calls = ['authorize', 'capture', 'refund', 'void', 'query'] as const
const backWithinMs = 20_000

/** The mock gateway fails at nothing and takes no longer than it must; after a restart it has to be told again. */
export async function calm({ behave }: Pick<ProvingGround, 'behave'>): Promise<void> {
  const wish = { failureRate: 0, declineRate: 0, connection: 'answers' } as const
  const told = () =>
    behave(calls, { ...wish, delayMinMs: 5, delayMaxMs: 40 }).then(
      () => true,
      () => undefined,
    )
  if (await poll(told, { withinMs: backWithinMs, everyMs: 200 })) return
  throw new Error(`The mock gateway cannot be told within ${backWithinMs / 1000} s how to behave.`)
}
