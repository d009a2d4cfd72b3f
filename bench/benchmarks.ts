import type { Benchmark } from './benchmark.ts'
import { gateway } from './gateway.ts'

/** All benchmarks, as `./maru bench` lists them. */
export const benchmarks: readonly Benchmark[] = [gateway]
