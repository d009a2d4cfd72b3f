import type { SecretSpec } from '../workloads/secrets.ts'

/** Root of MariaDB; key `password`. */
export const mariadbRoot = 'mariadb-root'
/** Administrator of OpenSearch, as whom its operator works; keys `username`, `password`. */
export const opensearchAdmin = 'opensearch-admin'
/** Redis' user who reads what is measured; key `password`. */
export const redisMetrics = 'redis-metrics'

const password = (name: string): SecretSpec => ({
  name,
  passwords: [name],
  data: (fill) => ({ password: fill.password(name) }),
})

/** Secrets of the servers themselves. CloudNativePG and Strimzi make their own. */
export const foundationSecrets: readonly SecretSpec[] = [
  password(mariadbRoot),
  password(redisMetrics),
  {
    name: opensearchAdmin,
    passwords: [opensearchAdmin],
    data: (fill) => ({ username: 'admin', password: fill.password(opensearchAdmin) }),
  },
]
