import { alertmanager } from './alertmanager.ts'
import type { Engine } from './engine.ts'
import { grafana } from './grafana.ts'
import { kafka } from './kafka.ts'
import { mariadbExporter } from './mariadb-exporter.ts'
import { mariadb } from './mariadb.ts'
import { opensearch } from './opensearch.ts'
import { postgresExporter } from './postgres-exporter.ts'
import { postgres } from './postgres.ts'
import { prometheus } from './prometheus.ts'
import { redisExporter } from './redis-exporter.ts'
import { redis } from './redis.ts'
import { tempo } from './tempo.ts'
import { zipkin } from './zipkin.ts'

/** Every real server of the local run by its name. Tempo and Zipkin are alternatives: Tempo where there is one. */
export const engines: Record<string, Engine> = Object.fromEntries(
  [
    kafka,
    redis,
    postgres,
    mariadb,
    opensearch,
    tempo,
    zipkin,
    prometheus,
    alertmanager,
    postgresExporter,
    mariadbExporter,
    redisExporter,
    grafana,
  ].map((engine) => [engine.name, engine]),
)
