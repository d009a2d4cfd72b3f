import { globSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Workshop } from './engine.ts'
import { isUsable, onPath } from './search-path.ts'

export interface Jdk {
  readonly home: string
  readonly java: string
  /** Feature release, e.g. 17. */
  readonly feature: number
  /** The exact build, e.g. `25.0.3+9-LTS`: class archives are bound to it. */
  readonly runtime: string
}

interface Wanted {
  readonly atLeast: number
  /** True when `javac` is needed too. */
  readonly compiler?: boolean
}

/**
 * The JDK to use: `MARU_JAVA_HOME` if it is new enough, then `JAVA_HOME`, else the oldest of the machine's
 * that is new enough (the one closest to what the engine was tried with). Undefined when there is none.
 */
export function findJdk({ env }: Pick<Workshop, 'env'>, wanted: Wanted): Jdk | undefined {
  const suits = (jdk: Jdk) =>
    jdk.feature >= wanted.atLeast &&
    (wanted.compiler !== true || isUsable(join(jdk.home, 'bin/javac')))
  if (env.MARU_JAVA_HOME !== undefined && read(env.MARU_JAVA_HOME).length === 0) {
    throw new Error(
      `MARU_JAVA_HOME is ${env.MARU_JAVA_HOME}, where no JDK lies that an engine's account can enter.`,
    )
  }
  const named = [env.MARU_JAVA_HOME, env.JAVA_HOME].filter((home) => home !== undefined)
  const found = [...globSync(folders), ...besidePath(env)]
  const installed = found.flatMap(read).sort((a, b) => a.feature - b.feature)
  return [...named.flatMap(read), ...installed].find(suits)
}

const folders = [
  '/usr/lib/jvm/*',
  '/opt/*jdk*',
  '/Library/Java/JavaVirtualMachines/*/Contents/Home',
]

function besidePath(env: Workshop['env']): string[] {
  const java = onPath(env, ['java'])
  return java === undefined ? [] : [dirname(dirname(realpathSync(java)))]
}

/** The JDK in that folder, or undefined where there is none that an engine's account can reach. */
export function jdkAt(home: string): Jdk | undefined {
  return read(home)[0]
}

function read(home: string): Jdk[] {
  const java = join(home, 'bin/java')
  if (!isUsable(java)) return []
  try {
    const release = readFileSync(join(home, 'release'), 'utf8')
    const runtime =
      valueOf(release, 'JAVA_RUNTIME_VERSION') ?? valueOf(release, 'JAVA_VERSION') ?? ''
    const feature = Number(/^(?:1\.)?(\d+)/.exec(runtime)?.[1] ?? 0)
    return [{ home: realpathSync(home), java: realpathSync(java), feature, runtime }]
  } catch {
    return []
  }
}

const valueOf = (release: string, name: string) =>
  new RegExp(`^${name}="(.*)"$`, 'm').exec(release)?.[1]
