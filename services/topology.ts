import { topology as declare } from './model/topology.ts'
import * as platformClients from './platform/clients.ts'
import * as paymentsClients from './payments/clients.ts'
import * as webtoonClients from './webtoon/clients.ts'
import ledger from './payments/ledger/service.ts'
import payment from './payments/payment/service.ts'
import pgMock from './payments/pg-mock/service.ts'
import refund from './payments/refund/service.ts'
import settlement from './payments/settlement/service.ts'
import auth from './platform/auth/service.ts'
import deadLetters from './platform/dead-letters/service.ts'
import gateway from './platform/gateway/service.ts'
import kafkaExporter from './platform/kafka-exporter/service.ts'
import catalog from './webtoon/catalog/service.ts'
import generator from './webtoon/generator/service.ts'
import ingest from './webtoon/ingest/service.ts'
import rank from './webtoon/rank/service.ts'
import search from './webtoon/search/service.ts'

/** Everything that Maru is made of. A new service adds its import and its name here. */
export const topology = declare(
  [
    gateway,
    auth,
    ingest,
    rank,
    catalog,
    search,
    generator,
    payment,
    settlement,
    refund,
    ledger,
    pgMock,
    deadLetters,
    kafkaExporter,
  ],
  [platformClients, webtoonClients, paymentsClients].flatMap((clients) => Object.values(clients)),
)
