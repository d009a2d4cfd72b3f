import { z } from 'zod'

const size = z.string().regex(/^[1-9]\d*(Mi|Gi|Ti)$/, 'must be a size such as 10Gi')
const duration = z.string().regex(/^[1-9]\d*[hd]$/, 'must be a duration such as 48h or 7d')
const cpu = z.string().regex(/^[1-9]\d*m?$/, 'must be a CPU quantity such as 100m or 2')
const count = (least: number, most: number) => z.int().min(least).max(most)
const word = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a Kubernetes name')
const orEmpty = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal(''), schema])

/** A group of keys, each with a default, so that a stack may set one of them alone. */
const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape).prefault({} as never)

const registryPath = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.:-]*(\/[a-z0-9._-]+)*$/, 'must be a registry and a path, without a tag')
const bucket = z
  .string()
  .regex(/^s3:\/\/[a-z0-9.-]+(\/.*)?$/, 'must be a bucket such as s3://name/path')

/** What one service has in a stack instead of what its declaration and the stack say. */
const override = z.strictObject({
  min: count(1, 100).exactOptional(),
  max: count(1, 100).exactOptional(),
  cpu: cpu.exactOptional(),
  memory: size.exactOptional(),
})

/**
 * The settings of a stack: keys of `Pulumi.yaml` (types, defaults) and `Pulumi.<stack>.yaml`. Numbers and switches
 * only; a key that is not here is refused. `parseSettings` adds what holds between keys.
 */
export const settingsSchema = z.strictObject({
  kubeconfig: z.string().default(''),
  context: z.string().default(''),
  delivery: z.enum(['pulumi', 'gitops']).default('pulumi'),
  operators: z.enum(['install', 'present']).default('install'),
  images: group({
    source: z.enum(['build', 'registry', 'pinned', 'loaded']).default('build'),
    prefix: registryPath.default('localhost:5001/maru'),
    tag: z
      .string()
      .regex(/^[\w][\w.-]{0,127}$/, 'must be an image tag')
      .default('dev'),
  }),
  /** Declared once, in Pulumi.yaml. */
  gitops: z.strictObject({ repository: z.string().min(1), revision: z.string().min(1) }),
  secrets: group({
    mode: z.enum(['generated', 'external']).default('generated'),
    seed: z.string().default(''),
    store: orEmpty(word).default(''),
  }),
  storageClass: orEmpty(word).default(''),
  protect: z.boolean().default(false),
  gateway: group({ class: word.default('envoy'), host: z.hostname().default('maru.localhost') }),
  kafka: group({
    brokers: count(1, 9).default(1),
    controllers: count(0, 5).default(0),
    storage: size.default('10Gi'),
  }),
  postgres: group({
    instances: count(1, 5).default(1),
    storage: size.default('10Gi'),
    poolers: count(1, 10).default(1),
    backups: orEmpty(bucket).default(''),
  }),
  mariadb: group({ replicas: count(1, 5).default(1), storage: size.default('10Gi') }),
  redis: group({ storage: size.default('2Gi'), memory: size.default('512Mi') }),
  opensearch: group({
    // Below three, operator 3.0.2 loses its quorum for good when the pod that bootstrapped goes.
    nodes: count(3, 9).default(3),
    storage: size.default('10Gi'),
    memory: size.default('1Gi'),
  }),
  metrics: group({ retention: duration.default('7d'), storage: size.default('10Gi') }),
  /** Name of a Secret of the stack's observability namespace; its key `url` says where alerts are sent. */
  alerts: group({ webhook: orEmpty(word).default('') }),
  traces: group({
    retention: duration.default('48h'),
    storage: size.default('10Gi'),
    samplePercent: z.number().min(0).max(100).default(100),
  }),
  logs: group({ retention: duration.default('72h'), storage: size.default('10Gi') }),
  replicas: group({ min: count(1, 100).default(1), max: count(1, 100).default(2) }),
  resources: group({ cpu: cpu.default('50m'), memory: size.default('256Mi') }),
  services: z.record(z.string(), override).default({}),
})

/** A stack's settings, checked; `stack` is its name. */
export type Settings = z.output<typeof settingsSchema> & { readonly stack: string }
