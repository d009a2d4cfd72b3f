import { pageView } from '../../services/webtoon/topics.ts'
import { together, type Drill } from './drill.ts'

const down = (service: string) => ({ alertname: 'ServiceDown', service })
/** The quickest of the four: the slower ones still speak of the drill before. */
const budget = (service: string) => ({
  alertname: 'AvailabilityBudgetBurn',
  service,
  severity: 'critical',
  window: '1h',
})
/** The gateway's breaker for a service. */
const breaker = (service: string) => ({
  alertname: 'CircuitBreakerOpen',
  service: 'gateway',
  name: `${service}Cb`,
})
/** One of the breakers of the payment API. */
const paymentBreaker = (name: string) => ({
  alertname: 'CircuitBreakerOpen',
  service: 'payment',
  name,
})
/** Money that is not where somebody says it is. */
const booksWrong = { alertname: 'BooksOutOfBalance' }
/** Nothing that was acknowledged may need a hand, whatever fails. */
const byHand = [{ alertname: 'OutboxStuck' }, { alertname: 'DeadLettersForgotten' }]

/** Every fault that people are drilled for. */
export const drills: readonly Drill[] = [
  {
    name: 'service-hangs',
    says: 'rank stands still: it is down, and the gateway stops asking it',
    fires: [down('rank'), breaker('rank')],
    silent: [down('gateway'), down('search'), down('catalog'), breaker('search'), ...byHand],
    inject: ({ pause }) => pause('rank-1'),
  },
  {
    name: 'kafka-hangs',
    says: 'Kafka stands still: events wait in the outbox and are not lost',
    fires: [
      { alertname: 'OutboxLate', service: 'catalog' },
      { alertname: 'KafkaUnseen', service: 'kafka-exporter' },
    ],
    silent: [
      { alertname: 'DeadLettersMany' },
      budget('catalog'),
      budget('search'),
      down('ingest'),
      down('rank'),
      ...byHand,
    ],
    inject: ({ pause }) => pause('kafka'),
  },
  {
    name: 'kafka-gone',
    says: 'Kafka is away: payments are authorised, and their events wait behind an open breaker',
    fires: [paymentBreaker('kafka-publisher'), { alertname: 'OutboxLate', service: 'payment' }],
    silent: [
      budget('payment'),
      paymentBreaker('pg-auth-api'),
      down('payment'),
      booksWrong,
      ...byHand,
    ],
    // The relay tries once a second, and half of the breaker's last hundred calls must have failed.
    noticesWithinMs: 60_000,
    inject: ({ stop }) => stop('kafka'),
  },
  {
    name: 'pg-mock-hangs',
    says: 'the payment gateway stands still: payments wait for its word, then nobody asks it',
    fires: [
      down('pg-mock'),
      { alertname: 'PaymentGatewayFailing', service: 'payment' },
      { alertname: 'PaymentUnknownTooLong', service: 'payment' },
      paymentBreaker('pg-auth-api'),
    ],
    silent: [
      { alertname: 'PaymentDeclinesHigh' },
      paymentBreaker('kafka-publisher'),
      budget('catalog'),
      down('payment'),
      down('settlement'),
      booksWrong,
      ...byHand,
    ],
    // A call is given up after 3 s, and an open breaker asks again after a minute.
    noticesWithinMs: 60_000,
    inject: ({ pause }) => pause('pg-mock-1'),
  },
  {
    name: 'redis-hangs',
    says: 'Redis stands still: rankings stop, limits let pass',
    fires: [{ alertname: 'RankRedisErrors', service: 'rank' }, budget('rank')],
    silent: [budget('catalog'), budget('search'), down('rank'), down('gateway'), ...byHand],
    inject: ({ pause }) => pause('redis'),
  },
  {
    name: 'postgres-gone',
    says: 'Postgres is away: writes to the catalogue are refused',
    fires: [budget('catalog')],
    silent: [budget('search'), budget('rank'), down('catalog'), down('auth'), ...byHand],
    inject: ({ stop }) => stop('postgres'),
  },
  {
    name: 'opensearch-hangs',
    says: 'OpenSearch stands still: searches fail fast, everything else goes on',
    fires: [budget('search')],
    silent: [budget('catalog'), budget('rank'), down('search'), ...byHand],
    inject: ({ pause }) => pause('opensearch'),
  },
  {
    name: 'poison',
    says: 'records that nobody can read end among the dead letters, and the rest goes on',
    fires: [{ alertname: 'DeadLettersMany', service: 'rank' }],
    silent: [{ alertname: 'ConsumerLagging' }, down('rank'), budget('rank'), ...byHand],
    inject: async ({ repeat, poison }) => repeat(2, () => poison(pageView.name, 5)),
  },
  {
    name: 'greedy-client',
    says: 'a client asks for more than it may: it alone is refused',
    fires: [{ alertname: 'RateLimitRejectionsHigh', service: 'gateway' }],
    silent: [budget('gateway'), budget('rank'), breaker('rank'), ...byHand],
    inject: async ({ repeat, ask }) =>
      repeat(20, () => Promise.all(Array.from({ length: 10 }, () => ask('GET /dlq/causes')))),
  },
  {
    name: 'guessed-secrets',
    says: 'somebody guesses a client’s secret: logins are throttled',
    fires: [{ alertname: 'LoginsThrottled', service: 'auth' }],
    silent: [budget('auth'), down('auth'), ...byHand],
    inject: async ({ repeat, askWrongly }) => together(repeat(10, askWrongly)),
  },
]
