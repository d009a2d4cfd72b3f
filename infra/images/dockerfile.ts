/** One instruction of a Dockerfile. */
export interface Instruction {
  readonly word: string
  readonly rest: string
}

/** One stage: what it is based on, its name, its instructions. */
export interface BuildStage {
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

/**
 * Reads a Dockerfile as far as ours goes: one instruction a line, no heredocs, no continued lines.
 * @param arguments_ values of ARG; defaults stand in the file
 * @throws Error for an instruction whose ARG has no value
 */
export function stagesOf(
  text: string,
  arguments_: Readonly<Record<string, string>>,
): readonly BuildStage[] {
  const values = new Map(Object.entries(arguments_))
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = []
  for (const line of text.split('\n').filter((one) => /^[A-Z]/.test(one))) {
    const [word = '', ...words] = line.split(' ')
    const rest = words.join(' ')
    if (word === 'ARG') declare(rest, values)
    else if (word === 'FROM') {
      const [, base = '', name] = /^(\S+)(?: AS (\S+))?$/.exec(filled(rest, values)) ?? []
      stages.push({ base, name, instructions: [] })
    } else stages.at(-1)?.instructions.push({ word, rest: filled(rest, values) })
  }
  return stages
}

function declare(rest: string, values: Map<string, string>): void {
  const [name = '', fallback] = rest.split('=')
  if (!values.has(name) && fallback !== undefined) values.set(name, fallback)
}

const filled = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`The Dockerfile needs --build-arg ${name}=….`)
    return value
  })
