import { z } from 'zod'
import type { Paint } from '../trace/waterfall.ts'
import type { Gateway } from '../front-door.ts'

/** Korean questions with the title that must be among the answers. */
export const questions = [
  { q: '레벨', finds: 'w-001' },
  { q: '여신', finds: 'w-003' },
  { q: '독자 시점', finds: 'w-012' },
] as const

const answer = z.object({
  total: z.number(),
  results: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      author: z.string(),
      desc: z.string(),
      version: z.number(),
      highlight: z
        .object({ title: z.array(z.string()).optional(), desc: z.array(z.string()).optional() })
        .optional(),
    }),
  ),
})
export type Found = z.infer<typeof answer>

const size = 50

/** Asks the search for a text, with highlights. */
export const found = (gateway: Gateway, q: string) =>
  gateway.send(`GET /search?q=${encodeURIComponent(q)}&highlight=true&size=${size}`, {
    schema: answer,
  })

const shown = 3

/** The first answers as lines, what matched in colour (in brackets where there are no colours). */
export const answerLines = ({ total, results }: Found, paint: Paint): readonly string[] => [
  ...results
    .slice(0, shown)
    .flatMap(({ title, author, desc, highlight }) => [
      `  ${marked(highlight?.title?.[0] ?? escaped(title), paint)}  ${paint('gray', author)}`,
      `    ${marked(highlight?.desc?.[0] ?? escaped(desc), paint)}`,
    ]),
  ...(total > shown ? [paint('gray', `  and ${total - shown} more`)] : []),
]

/** True when the search marked something in the title or the description. */
export const hasHighlight = ({ highlight }: Found['results'][number]): boolean =>
  [...(highlight?.title ?? []), ...(highlight?.desc ?? [])].some((text) => text.includes('<em>'))

/** Highlights are HTML: `<em>` marks, the rest is escaped. */
export function marked(html: string, paint: Paint): string {
  return html
    .split(/<em>(.*?)<\/em>/s)
    .map((text, at) => (at % 2 === 1 ? emphasis(unescaped(text), paint) : unescaped(text)))
    .join('')
}

function emphasis(text: string, paint: Paint): string {
  const painted = paint('yellow', text)
  return painted === text ? `[${text}]` : painted
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#x27;': "'",
  '&#39;': "'",
  '&#x2F;': '/',
  '&amp;': '&',
}

const unescaped = (html: string): string =>
  html.replace(/&(?:lt|gt|quot|amp|#x27|#39|#x2F);/g, (entity) => entities[entity] ?? entity)

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
