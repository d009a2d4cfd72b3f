/**
 * A page with the tables between its markers `<!-- rendered: name -->` … `<!-- /rendered: name -->` written anew.
 * @throws Error that names the page and the missing marker
 */
export const withTables = (
  page: string,
  text: string,
  tables: Readonly<Record<string, string>>,
): string =>
  Object.entries(tables).reduce((written, [name, content]) => {
    const [start, end] = [`<!-- rendered: ${name} -->`, `<!-- /rendered: ${name} -->`]
    const [from, to] = [written.indexOf(start), written.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`${page} lacks the markers ${start} … ${end}.`)
    return `${written.slice(0, from + start.length)}\n${content}\n${written.slice(to)}`
  }, text)

/** A Markdown table. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
