import { z } from 'zod'
import { route } from '../../model/route.ts'
import { merchantId } from '../money.ts'
import { adminPayments, readPayments } from '../scopes.ts'
import { kinds } from './kinds.ts'
import { results } from './results.ts'

const side = z.enum(['debit', 'credit'])
const account = z.enum(['merchant_receivable', 'cash'])

/** Number of an entry, which is its place in the books. */
const entryId = z.coerce.number<string>().int().min(0).max(Number.MAX_SAFE_INTEGER)
const size = z.coerce.number<string>().int().min(1).max(100).default(20)

const entry = z.object({
  entryId: z.int(),
  type: z.enum(['capture', 'refund']),
  businessId: z.string().describe('The payment of a capture, the refund of a refund'),
  side,
  account,
  paymentId: z.string(),
  merchantId: z.string(),
  amount: z.int().describe('Minor units'),
  currency: z.string(),
  occurredAt: z.iso.datetime(),
  postedAt: z.iso.datetime(),
})

const balance = z.object({
  account,
  currency: z.string(),
  debits: z.int().describe('Minor units, as all here'),
  credits: z.int(),
  balance: z.int().describe('Debits less credits'),
})

const batch = z.object({
  batchId: z.int(),
  businessDate: z.iso.date(),
  merchantId: z.string(),
  currency: z.string(),
  captured: z.int().describe('Minor units, as all here'),
  refunded: z.int(),
  net: z.int().describe('Captured less refunded: what the merchant is to be paid, or owes'),
  postings: z.int(),
  closedAt: z.iso.datetime(),
})

const sums = z.object({ captured: z.int(), refunded: z.int() })

const summary = z.object({
  facts: z.int().describe('Captures and refunds that any place knows of'),
  differences: z.int().describe('Those that are wrong, and events'),
  byKind: z.record(z.enum(kinds), z.int()),
  inFlight: z.int().describe('Those that changed a moment ago or wait for their end, and events'),
  oldestInFlightSeconds: z.number(),
  totals: z.array(
    z.object({
      currency: z.string(),
      books: sums,
      payments: sums,
      gateway: sums,
      difference: z.int().describe('How far apart they are, over everything that is wrong'),
    }),
  ),
})

const run = z.object({
  runId: z.int(),
  cause: z.enum(['timer', 'request']),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  ...summary.shape,
})

const said = z.int().nullable()
const finding = z.object({
  n: z.int(),
  subject: z.enum(['capture', 'refund', 'event']),
  id: z.string().describe('The payment of a capture, the refund of a refund, the row of an event'),
  kinds: z.array(z.enum(kinds)).describe('Empty for what only waits for its end'),
  paymentId: z.string().nullable(),
  merchantId: z.string().nullable(),
  currency: z.string().nullable(),
  debit: said.describe('What the books say, minor units; null: nothing'),
  credit: said,
  payments: said.describe('What the payment API says'),
  gateway: said.describe('What the gateway’s log says'),
  since: z.iso.datetime().describe('The latest change that anybody knows of'),
})

const file = z.object({
  fileId: z.int(),
  subject: z.string().describe('Who brought it'),
  uploadedAt: z.iso.datetime(),
  counts: z.partialRecord(z.enum(results), z.int()),
})

const fileRow = z.object({
  rowId: z.int(),
  line: z.int().describe('0: in the books, and in no file'),
  gatewayId: z.string().nullable(),
  key: z.string(),
  type: z.enum(['capture', 'refund']),
  amount: z.int().describe('Minor units'),
  currency: z.string(),
  occurredAt: z.iso.datetime(),
  result: z.enum(results),
  bookedAmount: z.int().nullable().describe('What the books say; null: nothing'),
  bookedCurrency: z.string().nullable(),
})

/** 10 MiB, some hundred thousand lines. */
const longestFileBytes = 10 * 1_048_576

const rowId = z.coerce.number<string>().int().min(1).max(Number.MAX_SAFE_INTEGER)

export const api = {
  entries: route('GET /ledger/entries', {
    summary:
      'Postings of the own merchant, in the order in which they were written, page by page; with `admin:payments` everybody’s.',
    access: readPayments,
    query: z.object({
      paymentId: z.uuid().optional(),
      merchantId: merchantId.optional(),
      cursor: entryId.default(0),
      size,
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the cursor of the following one, null at the end',
        schema: z.object({ items: z.array(entry), next: z.int().nullable() }),
      },
    },
  }),
  accounts: route('GET /ledger/accounts', {
    summary:
      'Debits, credits and balance of each account in each currency, of the own merchant; with `admin:payments` of all or any.',
    access: readPayments,
    query: z.object({ merchantId: merchantId.optional() }),
    answers: {
      200: { summary: 'All that have postings', schema: z.object({ items: z.array(balance) }) },
    },
  }),
  batches: route('GET /ledger/batches', {
    summary:
      'What was closed of each day in Seoul, of the own merchant, latest first, page by page; with `admin:payments` everybody’s.',
    access: readPayments,
    query: z.object({
      merchantId: merchantId.optional(),
      date: z.iso.date().optional(),
      before: rowId
        .default(Number.MAX_SAFE_INTEGER)
        .describe('Batches before this one: `next` of the page before'),
      size,
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the `before` of the following one, null at the end',
        schema: z.object({ items: z.array(batch), next: z.int().nullable() }),
      },
    },
  }),
  standing: route('GET /reconciliation', {
    summary: 'The latest comparison of books, payments, the gateway’s log and outboxes.',
    access: adminPayments,
    problems: [404],
    answers: { 200: { summary: 'What it found', schema: run } },
  }),
  reconcile: route('POST /reconciliation/runs', {
    summary: 'Compares all of it now. Who asks while it is compared shares the answer.',
    access: adminPayments,
    answers: { 200: { summary: 'What was found', schema: run } },
  }),
  runs: route('GET /reconciliation/runs', {
    summary: 'Earlier comparisons, latest first, page by page.',
    access: adminPayments,
    query: z.object({
      before: rowId
        .default(Number.MAX_SAFE_INTEGER)
        .describe('Runs before this one: `next` of the page before'),
      size,
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the `before` of the following one, null at the end',
        schema: z.object({ items: z.array(run), next: z.int().nullable() }),
      },
    },
  }),
  findings: route('GET /reconciliation/runs/:runId/findings', {
    summary:
      'What a comparison found, thing by thing: what is wrong, or what is in flight. The first thousand of each are kept.',
    access: adminPayments,
    params: z.object({ runId: rowId }),
    query: z.object({
      state: z.enum(['difference', 'in_flight']).default('difference'),
      cursor: z.coerce.number<string>().int().min(0).max(1_000_000).default(0),
      size,
    }),
    problems: [404],
    answers: {
      200: {
        summary: 'A page; `next` is the cursor of the following one, null at the end',
        schema: z.object({ items: z.array(finding), next: z.int().nullable() }),
      },
    },
  }),
  takeFile: route('POST /reconciliation/files', {
    summary:
      'Compares a file of the gateway with the books, line by line: UTF-8, header `gateway_id,key,type,amount_minor,currency,occurred_at`, no quotes. The same file is taken once.',
    access: adminPayments,
    encoding: 'csv',
    maxBodyBytes: longestFileBytes,
    body: z.string(),
    problems: [409],
    answers: { 200: { summary: 'How many lines came to which result', schema: file } },
  }),
  files: route('GET /reconciliation/files', {
    summary: 'Files that were compared, latest first, page by page.',
    access: adminPayments,
    query: z.object({
      before: rowId
        .default(Number.MAX_SAFE_INTEGER)
        .describe('Files before this one: `next` of the page before'),
      size,
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the `before` of the following one, null at the end',
        schema: z.object({ items: z.array(file), next: z.int().nullable() }),
      },
    },
  }),
  fileRows: route('GET /reconciliation/files/:fileId/rows', {
    summary: 'Rows of a file that do not match, or those of one result, page by page.',
    access: adminPayments,
    params: z.object({ fileId: rowId }),
    query: z.object({ result: z.enum(results).optional(), cursor: entryId.default(0), size }),
    answers: {
      200: {
        summary: 'A page; `next` is the cursor of the following one, null at the end',
        schema: z.object({ items: z.array(fileRow), next: z.int().nullable() }),
      },
    },
  }),
}
