import ts from 'typescript'
import type { Source } from './sources.ts'

/** Hard limits of the house style, in lines. */
export const limits = { file: 300, function: 60 }

/** Files and functions over the limits, each as one line that says where and how long. */
export function oversized(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) => {
    const lines = source.text.trimEnd().split('\n').length
    const file = lines > limits.file ? [`${source.path} has ${lines} lines`] : []
    return [...file, ...longFunctions(source)]
  })
}

function longFunctions({ path, text }: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const lines = lineOf(node.end) - lineOf(node.getStart()) + 1
      if (lines > limits.function)
        found.push(`${path}:${lineOf(node.getStart()) + 1} is a function of ${lines} lines`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
