import { z } from 'zod'

const size = z.string().regex(/^[1-9]\d*(Mi|Gi|Ti)$/, 'must be a size such as 10Gi')
const duration = z.string().regex(/^[1-9]\d*[hd]$/, 'must be a duration such as 48h or 7d')
const cpu = z.string().regex(/^[1-9]\d*m?$/, 'must be a CPU quantity such as 100m or 2')
const count = (least: number, most: number) => z.int().min(least).max(most)
const word = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a Kubernetes name')
const orEmpty = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal(''), schema])

/** A group of keys, each with a default, so that a stack may set one of them alone. */
const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape, what: string) =>
  z
    .strictObject(shape)
    .prefault({} as never)
    .describe(what)

const registryPath = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.:-]*(\/[a-z0-9._-]+)*$/, 'must be a registry and a path, without a tag')
const bucket = z
  .string()
  .regex(/^s3:\/\/[a-z0-9.-]+(\/.*)?$/, 'must be a bucket such as s3://name/path')

/** What one service has in a stack instead of what its declaration and the stack say. */
const override = z.strictObject({
  min: count(1, 100).optional(),
  max: count(1, 100).optional(),
  cpu: cpu.optional(),
  memory: size.optional(),
})

/**
 * The settings of a stack: keys of `Pulumi.yaml` (types, defaults) and `Pulumi.<stack>.yaml`. Numbers and switches
 * only; a key that is not here is refused. `parseSettings` adds what holds between keys.
 */
export const settingsSchema = z.strictObject({
  kubeconfig: z
    .string()
    .default('')
    .describe('Path of the cluster’s kubeconfig file, or its text; never taken from KUBECONFIG.'),
  context: z.string().default('').describe('Context in the kubeconfig; its current one if empty.'),
  delivery: z
    .enum(['pulumi', 'gitops'])
    .default('pulumi')
    .describe('Who owns what services and topics ask for: Pulumi, or Argo CD from gitops/.'),
  operators: z
    .enum(['install', 'present'])
    .default('install')
    .describe('Install the pinned operators, or use those that the cluster has.'),
  images: group(
    {
      source: z.enum(['build', 'registry', 'pinned']).default('build'),
      prefix: registryPath.default('localhost:5001/maru'),
    },
    'build and push them, take the registry’s newest, or take gitops/<stack>/versions.yaml; where they are.',
  ),
  gitops: group(
    {
      repository: z.string().min(1).default('https://git.example.com/maru.git'),
      revision: z.string().min(1).default('main'),
    },
    'The Git repository that Argo CD reads, and its branch.',
  ),
  secrets: group(
    {
      mode: z.enum(['generated', 'external']).default('generated'),
      seed: z.string().default(''),
      store: orEmpty(word).default(''),
    },
    'generated: derived from a secret seed; external: by External Secrets from a ClusterSecretStore.',
  ),
  storageClass: orEmpty(word)
    .default('')
    .describe('Of all volumes; the cluster’s default if empty.'),
  protect: z
    .boolean()
    .default(false)
    .describe('Refuse to delete what holds data, and keep it when the stack is destroyed.'),
  gateway: group(
    { class: word.default('envoy'), host: z.hostname().default('maru.localhost') },
    'Gateway class, and host name of the front door.',
  ),
  kafka: group(
    {
      brokers: count(1, 9).default(1),
      controllers: count(0, 5).default(0),
      storage: size.default('10Gi'),
    },
    'Brokers, controllers (0: the brokers are controllers too), size of each log.',
  ),
  postgres: group(
    {
      instances: count(1, 5).default(1),
      storage: size.default('10Gi'),
      poolers: count(1, 10).default(1),
      backups: orEmpty(bucket).default(''),
    },
    'Instances, size of each, poolers, bucket of the backups (none if empty).',
  ),
  mariadb: group(
    { replicas: count(1, 5).default(1), storage: size.default('10Gi') },
    'Replicas, size of each.',
  ),
  redis: group(
    { storage: size.default('2Gi'), memory: size.default('512Mi') },
    'Size of the append-only file’s volume, memory.',
  ),
  opensearch: group(
    {
      nodes: count(1, 9).default(1),
      storage: size.default('10Gi'),
      memory: size.default('1Gi'),
    },
    'Nodes, size and memory of each.',
  ),
  metrics: group(
    { retention: duration.default('7d'), storage: size.default('10Gi') },
    'How long metrics are kept, and in how much.',
  ),
  traces: group(
    {
      retention: duration.default('48h'),
      storage: size.default('10Gi'),
      samplePercent: z.number().min(0).max(100).default(100),
    },
    'How long traces are kept, in how much, percent of ordinary ones that are (failed and slow ones always are).',
  ),
  logs: group(
    { retention: duration.default('72h'), storage: size.default('10Gi') },
    'How long logs are kept, and in how much.',
  ),
  replicas: group(
    { min: count(1, 100).default(1), max: count(1, 100).default(2) },
    'Caps of the replicas that services declare.',
  ),
  resources: group(
    { cpu: cpu.default('50m'), memory: size.default('256Mi') },
    'CPU request, and memory request and limit, of a service.',
  ),
  services: z
    .record(z.string(), override)
    .default({})
    .describe('Overrides by service: min, max, cpu, memory.'),
})

/** A stack's settings, checked; `stack` is its name. */
export type Settings = z.output<typeof settingsSchema> & { readonly stack: string }
