import type { Benchmark } from './benchmark.ts'
import { gateway } from './gateway.ts'
import { ingest } from './ingest.ts'
import { rank } from './rank.ts'
import { wholeBox } from './whole-box.ts'

/** All benchmarks, as `./maru bench` lists them. */
export const benchmarks: readonly Benchmark[] = [gateway, ingest, rank, wholeBox]
