import { request } from 'undici'

/** How long the mock gateway takes for a call, and how often it fails. */
export interface Behaviour {
  readonly delayMinMs: number
  readonly delayMaxMs: number
  readonly failureRate: number
}

/** Answers at once, and always. */
export const prompt: Behaviour = { delayMinMs: 0, delayMaxMs: 0, failureRate: 0 }

/** @param headers of somebody who may make it misbehave @throws Error with what it answered */
export async function behave(
  url: string,
  headers: Readonly<Record<string, string>>,
  wishes: Readonly<Partial<Record<'authorize' | 'capture' | 'void' | 'query', Behaviour>>>,
): Promise<void> {
  for (const [call, wish] of Object.entries(wishes)) {
    const { statusCode, body } = await request(`${url}/pg/behaviour/${call}`, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(wish),
    })
    const answer = await body.text()
    if (statusCode !== 200) throw new Error(`The mock gateway answered ${statusCode}: ${answer}`)
  }
}
