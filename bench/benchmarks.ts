import type { Benchmark } from './benchmark.ts'
import { gateway } from './gateway.ts'
import { ingest } from './ingest.ts'
import { payments } from './payments.ts'
import { rank } from './rank.ts'
import { relay } from './relay.ts'
import { wholeBox } from './whole-box.ts'

/** All benchmarks, as `./maru bench` lists them. */
export const benchmarks: readonly Benchmark[] = [gateway, ingest, rank, payments, relay, wholeBox]
