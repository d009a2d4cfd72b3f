import { cellsWith, type Cell } from '../cell.ts'
import { crossings } from './crossings.ts'

const files = {
  authorize: 'services/payments/payment/authorize.test.ts',
  afterwards: 'services/payments/payment/afterwards.test.ts',
  unknown: 'services/payments/payment/unknown.test.ts',
  publisher: 'services/payments/payment/kafka-outage.slow.test.ts',
  retries: 'services/payments/settlement/retries.test.ts',
  settlement: 'services/payments/settlement/settlement.test.ts',
  letters: 'services/payments/settlement/dead-letters.test.ts',
  refund: 'services/payments/refund/refund.test.ts',
  ledger: 'services/payments/ledger/ledger.test.ts',
  mock: 'services/payments/pg-mock/pg-mock.test.ts',
} as const

const cell = cellsWith(files)

const named = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `payments/${name}`)

const crossed = (fault: 'kill-at' | 'lost-reply', ...points: readonly string[]) =>
  named(
    ...crossings
      .filter(({ name }) => points.some((point) => name.split('-')[0] === point))
      .map(({ name }) => `${fault}-${name}`),
  )

const numbered = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `c${from + at}`)

/** What money can meet. */
export const paymentCells: readonly Cell[] = [
  cell('kill', 'payment', 'I1 I2 I3 I4 I6 I7 I14', {
    trials: [
      ...named('kill-payment-1', 'kill-anywhere'),
      ...crossed('kill-at', ...numbered(1, 5), 'void', 'report'),
    ],
    tests: [
      ['a retry takes over what has no result, and asks under the same key', 'unknown'],
      ['of a hundred requests at once with one key over two replicas one charges', 'authorize'],
    ],
  }),
  cell('kill', 'the relay of payment, settlement or refund', 'I1 I5 I8 I14', {
    trials: crossed('kill-at', ...numbered(6, 9)),
  }),
  cell('kill', 'settlement, refund', 'I1 I3 I5 I6 I12 I13 I14', {
    trials: [
      ...named('kill-settlement-1', 'kill-refund-1'),
      ...crossed('kill-at', ...numbered(10, 13), 'c16', 'c17'),
    ],
    tests: [
      ['nothing is heard of what was done: it is asked again under its key', 'retries'],
      ['nothing is given back twice, whatever is heard', 'refund'],
    ],
  }),
  cell('kill', 'ledger', 'I4 I5 I13 I14', {
    trials: [...named('kill-ledger-1'), ...crossed('kill-at', 'c14', 'c15')],
  }),
  cell('kill', 'MariaDB', 'I1 I2 I3 I4 I5 I6 I7 I13 I14 I15', { trials: named('kill-mariadb') }),
  cell('kill', 'Redis under payments', 'I3 I7 I13 I14', { trials: named('kill-redis') }),
  cell('kill', 'Kafka under payments', 'I1 I3 I5 I8 I12 I13 I14', { trials: named('kill-kafka') }),
  cell('kill', 'payment gateway', 'I3 I4 I13 I14', {
    trials: named('kill-pg-mock-1'),
    tests: [
      ['the log survives a kill -9 in the middle of calls, and agrees with the answers', 'mock'],
    ],
  }),
  cell('pause', 'payment, settlement, refund, ledger', 'I3 I5 I6 I13 I14 I16', {
    trials: named('pause-payment-1', 'pause-settlement-1', 'pause-refund-1', 'pause-ledger-1'),
    tests: [
      ['an answer that comes after somebody else took over changes nothing', 'unknown'],
      ['what is heard after somebody else took it up changes nothing', 'retries'],
    ],
  }),
  cell('pause', 'MariaDB, Redis, Kafka under payments', 'I1 I3 I7 I13 I14 I16', {
    trials: named('pause-mariadb', 'pause-redis', 'pause-kafka'),
  }),
  cell('pause', 'payment gateway', 'I3 I13 I14 I16', {
    trials: ['pg-mock-hangs', ...named('pause-pg-mock-1')],
    tests: [
      ['what the gateway does not answer is 202, and found out: approved', 'unknown'],
      ['a gateway that fails is left alone: 503, no row, no key burnt', 'unknown'],
    ],
  }),
  cell('clean stop', 'Kafka under payments', 'I13 I16', {
    trials: ['kafka-gone'],
    tests: [
      [
        'while Kafka is away its breaker opens and no payment fails; when it is back all is told',
        'publisher',
      ],
    ],
  }),
  cell('latency, failures, silence', 'payment gateway', 'I3 I4 I7 I13 I14', {
    trials: named('gateway-slow', 'gateway-fails', 'gateway-unheard', 'gateway-silent'),
    tests: [
      ['retries and resolver at once agree on one end', 'unknown'],
      ['however often nothing is heard, nothing fails by it', 'retries'],
    ],
  }),
  cell('late delivery', 'a call of the payment gateway', 'I3 I6 I7', {
    trials: named('late-authorization'),
    tests: [
      ['what never reached the gateway is voided there before it is given up here', 'unknown'],
      ['an approval that comes after a void was decided changes nothing', 'unknown'],
    ],
  }),
  cell(
    'clock ten minutes ahead or back',
    'payment, settlement, refund, ledger',
    'I3 I5 I6 I13 I14',
    {
      trials: named('clock-payment', 'clock-settlement', 'clock-refund', 'clock-ledger'),
    },
  ),
  cell('reset', 'each way of those who move money', 'I1 I3 I4 I5 I8 I14 I15', {
    trials: named('reset-mariadb', 'reset-kafka', 'reset-redis', 'reset-pg-mock'),
  }),
  cell('latency', 'each way of those who move money', 'I1 I3 I13 I14 I15', {
    trials: named('slow-mariadb', 'slow-kafka', 'slow-redis', 'slow-pg-mock'),
  }),
  cell('reply drop', 'each write of those who move money', 'I1 I3 I4 I5 I6 I7', {
    trials: crossed('lost-reply', ...numbered(1, 17), 'void', 'report'),
  }),
  cell('duplicates, disorder', 'requests and reports about money', 'I3 I4 I5 I6', {
    trials: named('repeated-facts'),
    tests: [
      ['a request that comes again, as itself or anew, is one', 'settlement'],
      ['reports have their effect once; a failure gives back what was set aside', 'afterwards'],
      ['two replicas and a flood of repetitions post each fact once', 'ledger'],
    ],
  }),
  cell('poison', 'topics that move money', 'I12 I13', {
    trials: named('unreadable-facts'),
    tests: [
      ['a request that contradicts an earlier one is a dead letter; others go on', 'settlement'],
      [
        'what is given up again is a letter again, and one that came late changes nothing',
        'letters',
      ],
    ],
  }),
]
