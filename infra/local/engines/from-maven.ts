import { train } from './class-archive.ts'
import type { Engine, Supply, Workshop } from './engine.ts'
import { jarFolder } from './jars.ts'
import { findJdk, type Jdk } from './jdk.ts'

/** How an engine that is a set of jars is fetched; its pom lies in the folder of its name. */
interface Recipe {
  /** As people write it, e.g. `Kafka`. */
  readonly title: string
  readonly version: string
  readonly needs: Parameters<typeof findJdk>[1]
  /** What happens after Maven copied the jars into `<folder>/lib`. */
  readonly finish?: (folder: string, jdk: Jdk) => Promise<void>
}

/** An engine's jars with a JVM for them and their class archive; undefined without a JDK, or without Maven to fetch them. */
export async function fromMaven(
  engine: Engine,
  { title, version, needs, finish }: Recipe,
  workshop: Workshop,
): Promise<Supply | undefined> {
  const jdk = findJdk(workshop, needs)
  if (jdk === undefined) return undefined
  const made = {
    name: engine.name,
    version,
    jdk,
    finish: async (folder: string) => finish?.(folder, jdk),
  }
  const home = await jarFolder(made, workshop)
  if (home === undefined) return undefined
  const reason = `${title} ${version} from Maven, on JDK ${jdk.feature}`
  const supply: Supply = { from: 'registry', reason, version, program: jdk.java, home }
  await train(engine, supply, workshop)
  return supply
}
