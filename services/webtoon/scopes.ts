import { scope } from '../model/scope.ts'

export const readRank = scope('read:rank', 'Read the rankings.')
export const readSearch = scope('read:search', 'Search titles.')
export const readCatalog = scope('read:catalog', 'Read titles.')
export const writeCatalog = scope('write:catalog', 'Create, change and delete titles.')
export const writeIngest = scope('write:ingest', 'Send page views and likes.')
export const readGenerator = scope('read:generator', 'See what the load generator does.')
export const writeGenerator = scope('write:generator', 'Start and stop the load generator.')
