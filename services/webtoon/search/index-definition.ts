import { readFileSync } from 'node:fs'

/** How an index is spread over nodes. */
export interface Spread {
  readonly shards: number
  /** e.g. `0-1`: one copy where there is a second node. */
  readonly replicas: string
}

/** Settings and mapping of a title index (`PUT /<index>`). Words and synonyms are data in `korean/`. */
export function indexDefinition({ shards, replicas }: Spread) {
  return {
    settings: {
      number_of_shards: shards,
      auto_expand_replicas: replicas,
      // Said explicitly, because an index that says nothing stops refreshing when nobody searches for 30 s.
      refresh_interval: '1s',
      analysis: analysis(linesOf('words.txt'), linesOf('synonyms.txt')),
    },
    mappings,
  }
}

/** Lucene's tags of particles, endings and punctuation: "여신이" and "여신" are one word. */
const grammaticalTags = [
  ...['EP', 'EF', 'EC', 'ETN', 'ETM'],
  ...['JKS', 'JKC', 'JKG', 'JKO', 'JKB', 'JKV', 'JKQ', 'JX', 'JC'],
  ...['SF', 'SC', 'SE', 'SP', 'SSO', 'SSC', 'SY'],
]

const analysis = (words: readonly string[], synonyms: readonly string[]) => ({
  tokenizer: {
    korean: { type: 'nori_tokenizer', decompound_mode: 'mixed', user_dictionary_rules: words },
    beginnings: { type: 'edge_ngram', min_gram: 1, max_gram: 20 },
  },
  filter: {
    content_words: { type: 'nori_part_of_speech', stoptags: grammaticalTags },
    synonyms: { type: 'synonym_graph', synonyms },
  },
  normalizer: { folded: { type: 'custom', filter: ['lowercase'] } },
  analyzer: {
    korean: {
      type: 'custom',
      tokenizer: 'korean',
      filter: ['lowercase', 'content_words', 'nori_readingform'],
    },
    korean_search: {
      type: 'custom',
      tokenizer: 'korean',
      filter: ['lowercase', 'content_words', 'nori_readingform', 'synonyms'],
    },
    beginnings: { type: 'custom', tokenizer: 'beginnings', filter: ['lowercase'] },
    beginnings_search: { type: 'custom', tokenizer: 'keyword', filter: ['lowercase'] },
  },
})

const korean = { type: 'text', analyzer: 'korean', search_analyzer: 'korean_search' }

const mappings = {
  dynamic: 'strict',
  properties: {
    id: { type: 'keyword' },
    title: {
      ...korean,
      fields: {
        exact: { type: 'keyword', normalizer: 'folded' },
        beginning: {
          type: 'text',
          analyzer: 'beginnings',
          search_analyzer: 'beginnings_search',
        },
      },
    },
    author: korean,
    desc: korean,
    tags: { type: 'keyword', fields: { words: korean } },
    updatedAt: { type: 'date', format: 'epoch_millis' },
    version: { type: 'long' },
    deleted: { type: 'boolean' },
  },
}

const linesOf = (file: string): readonly string[] =>
  readFileSync(new URL(`korean/${file}`, import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
