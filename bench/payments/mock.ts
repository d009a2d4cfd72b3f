import { request } from 'undici'
import type { Behaviour, CallType } from '../../services/payments/pg-mock/service.ts'

/** How calls of the mock gateway behave. */
export type Behaviours = Readonly<Partial<Record<CallType, Partial<Behaviour>>>>

/** It answers at once, and never fails. */
export const prompt = { delayMinMs: 0, delayMaxMs: 0, failureRate: 0 } as const

/** The mock gateway, as somebody who may make it misbehave. @param url its own: it has no place behind the front door */
export function mockAt(url: string, headers: { readonly authorization: string }) {
  const ask = async <Found>(line: string, body?: object): Promise<Found> => {
    const [method, path] = line.split(' ') as ['GET' | 'PATCH', string]
    const json = body && { body: JSON.stringify(body) }
    const answer = await request(url + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...json,
    })
    const text = await answer.body.text()
    if (answer.statusCode === 200) return JSON.parse(text) as Found
    throw new Error(`The mock gateway answered ${line} with ${answer.statusCode}: ${text}`)
  }
  return {
    behaviours: () => ask<Behaviours>('GET /pg/behaviour'),
    behave: async (wishes: Behaviours): Promise<void> => {
      for (const [call, wish] of Object.entries(wishes))
        await ask(`PATCH /pg/behaviour/${call}`, wish)
    },
  }
}
