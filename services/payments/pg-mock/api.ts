import { z } from 'zod'
import { route } from '../../model/route.ts'
import { amountMinor, currency, merchantId } from '../money.ts'
import { adminPayments, usePaymentGateway } from '../scopes.ts'
import { behaviour, behaviourChange, callTypes } from './behaviour.ts'

/** The caller’s own name of an operation; the same for every retry. */
const key = z
  .string()
  .regex(/^[A-Za-z0-9:._-]{1,128}$/, 'must have 1–128 letters, digits, colons, dots or dashes')

const money = { amount: amountMinor, currency }

/** What the gateway decided about a key, the same for every retry. */
export const decision = z.object({
  key,
  type: z.enum(['authorize', 'capture', 'refund']),
  result: z.enum(['approved', 'declined', 'voided']),
  code: z.string().describe('0000, or why it was declined'),
  amount: amountMinor.nullable(),
  currency: currency.nullable(),
  approvalNumber: z.string().nullable(),
  transactionId: z.string().nullable(),
  at: z.iso.datetime(),
})

const decided = { 200: { summary: 'The decision, whichever it is', schema: decision } }
const logged = z.object({
  id: z.int(),
  type: z.enum(['authorize', 'capture', 'refund', 'void']),
  key,
  outcome: z.enum(['approved', 'declined', 'voided', 'tombstone', 'replayed', 'refused', 'failed']),
  amount: z.int().nullable(),
  currency: z.string().nullable(),
  at: z.iso.datetime(),
})

const gatewayRoute = {
  access: usePaymentGateway,
  numbers: 'integers',
  problems: [422, 503],
} as const
const call = z.enum(callTypes)

export const api = {
  authorize: route('POST /pg/authorize', {
    ...gatewayRoute,
    summary: 'Holds an amount. A key that was voided is refused for ever.',
    body: z.object({ key, merchantId, ...money }),
    answers: decided,
  }),
  capture: route('POST /pg/capture', {
    ...gatewayRoute,
    summary: 'Takes what an authorisation holds, or a part of it.',
    body: z.object({ key, authorization: key, ...money }),
    answers: decided,
  }),
  refund: route('POST /pg/refund', {
    ...gatewayRoute,
    summary: 'Gives back what a capture took, or a part of it.',
    body: z.object({ key, capture: key, ...money }),
    answers: decided,
  }),
  void: route('POST /pg/void', {
    ...gatewayRoute,
    summary: 'Lets go of an authorisation; one that nobody has asked for will be refused.',
    body: z.object({ key }),
    problems: [409, 503],
    answers: decided,
  }),
  query: route('GET /pg/operations/:key', {
    summary: 'What was decided about a key.',
    access: usePaymentGateway,
    params: z.object({ key }),
    problems: [404, 503],
    answers: decided,
  }),
  calls: route('GET /pg/calls', {
    summary: 'The log of all calls that came to something, oldest first.',
    access: adminPayments,
    query: z.object({
      after: z.coerce.number<string>().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
      size: z.coerce.number<string>().int().min(1).max(1000).default(100),
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the `after` of the following one, null at the end',
        schema: z.object({ items: z.array(logged), next: z.int().nullable() }),
      },
    },
  }),
  behaviours: route('GET /pg/behaviour', {
    summary: 'How each call behaves now.',
    access: adminPayments,
    answers: { 200: { summary: 'All calls', schema: z.record(call, behaviour) } },
  }),
  behave: route('PATCH /pg/behaviour/:call', {
    summary: 'Makes a call behave otherwise from now on, until a restart.',
    access: adminPayments,
    params: z.object({ call }),
    body: behaviourChange,
    answers: { 200: { summary: 'How it behaves now', schema: behaviour } },
  }),
}
