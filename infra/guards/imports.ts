import { dirname, join } from 'node:path'
import { isTest, type Source } from './sources.ts'

/** Where a file stands in the import order. */
interface Place {
  readonly area: string
  /** `<product>/<name>` of a service's file. */
  readonly service?: string
  readonly file: string
}

/** Services that are about the topology and may import it at run time. */
const aboutTheTopology = [
  'platform/gateway',
  'platform/kafka-exporter',
  'platform/dead-letters',
  'platform/monitoring',
  'platform/discovery',
  'platform/console',
]

/** Declarations; what stands behind their imports is held by `notInert`. */
const inert = /^(service|api|metrics)\.ts$/

/** The folder of what several services of a product do alike: a part of each of them. */
const productKit = 'kit'

/** What a product says about itself beside its services. */
const productWords = /^(topics|stores|scopes|clients|boards|ids|money)\.ts$/

/** Imports that the layout forbids, each as one line. */
export function forbiddenImports(sources: readonly Source[]): readonly string[] {
  return sources
    .filter((source) => !isTest(source))
    .flatMap((source) =>
      importsOf(source)
        .filter((target) => !allowed(source.path, target))
        .map((target) => `${source.path} imports ${target}`),
    )
}

/** Everything but zod and plain modules that stands behind the declarations' imports: they must stay inert. */
export function notInert(sources: readonly Source[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const waiting = sources.filter(({ path }) => /^services\/.+\/service\.ts$/.test(path))
  const seen = new Set(waiting)
  const found: string[] = []
  for (const source of seen) {
    const packages = packagesOf(source).filter((name) => name !== 'zod')
    const running = importsOf(source).filter((path) => path.startsWith('services/kit/'))
    found.push(...[...packages, ...running].map((name) => `${source.path} imports ${name}`))
    for (const path of importsOf(source)) {
      const next = byPath.get(path)
      if (next) seen.add(next)
    }
  }
  return found
}

/** Packages that a service's code may not bring into an image: those of devDependencies. */
export function devImports(
  sources: readonly Source[],
  runtime: ReadonlySet<string>,
): readonly string[] {
  return sources
    .filter((source) => source.path.startsWith('services/') && !isTest(source))
    .filter(({ path }) => !/^services\/kit\/testing[./]/.test(path))
    .flatMap((source) =>
      packagesOf(source)
        .filter((name) => !name.startsWith('node:') && !runtime.has(name))
        .map((name) => `${source.path} imports ${name}`),
    )
}

/** Values that are imported from packages; types cost nothing at run time. */
function packagesOf({ text }: Source): readonly string[] {
  const found = [...text.matchAll(/^import (?!type )[^'"]*?'([^.'][^']*)'/gm)].map(
    (match) => match[1] ?? '',
  )
  return found.map((name) =>
    name.startsWith('node:')
      ? name
      : name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
  )
}

/** Relative imports, resolved to paths from the root. */
function importsOf({ path, text }: Source): readonly string[] {
  const lines = [
    ...text.matchAll(/^\s*(?:import|export)[^'"]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm),
  ]
  return lines.map((match) => join(dirname(path), match[1] ?? match[2] ?? ''))
}

function allowed(from: string, to: string): boolean {
  const [importer, imported] = [placeOf(from), placeOf(to)]
  switch (importer.area) {
    case 'model':
      return imported.area === 'model'
    case 'kit':
      return imported.area === 'model' || imported.area === 'kit'
    case 'product':
      return imported.area === 'model' || imported.area === 'product'
    case 'topology':
      return ['model', 'product'].includes(imported.area) || imported.file === 'service.ts'
    case 'service':
      return serviceMay(importer, imported)
    case 'render':
      return imported.area !== 'service' || imported.file === 'service.ts'
    default:
      return outsideMay(importer, imported)
  }
}

function serviceMay(importer: Place, imported: Place): boolean {
  const own = importer.service === imported.service || imported.service === kitOf(importer)
  if (inert.test(importer.file))
    return (
      imported.area === 'model' ||
      imported.area === 'product' ||
      own ||
      imported.file === 'service.ts'
    )
  if (imported.area === 'topology') return aboutTheTopology.includes(importer.service ?? '')
  return (
    own || ['model', 'kit', 'product'].includes(imported.area) || imported.file === 'service.ts'
  )
}

const kitOf = ({ service = '' }: Place): string => `${service.split('/')[0]}/${productKit}`

/** infra, dashboards, alerts and bench see the declarations and the kit; nobody but them imports infra. */
function outsideMay(importer: Place, imported: Place): boolean {
  if (
    ['topology', 'model', 'kit', 'product'].includes(imported.area) ||
    imported.file === 'service.ts'
  )
    return true
  if (imported.area === importer.area) return true
  return importer.area === 'alerts' && imported.area === 'dashboards'
}

function placeOf(path: string): Place {
  const [top = '', second = '', third = '', ...rest] = path.split('/')
  const file = path.split('/').at(-1) ?? ''
  if (path === 'infra/render.ts' || path.startsWith('infra/local/cli/'))
    return { area: 'render', file }
  if (top !== 'services') return { area: top, file }
  if (second === 'model' || second === 'kit') return { area: second, file }
  if (/^topology/.test(second)) return { area: 'topology', file }
  if (rest.length === 0 && productWords.test(third)) return { area: 'product', file }
  return { area: 'service', service: `${second}/${third}`, file: rest.join('/') || file }
}
