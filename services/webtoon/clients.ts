import { client } from '../model/scope.ts'
import * as scopes from './scopes.ts'

const reading = [scopes.readRank, scopes.readSearch, scopes.readCatalog]

export const reader = client('webtoon-reader', {
  summary: 'A front end: rankings, search and titles.',
  scopes: reading,
  impersonates: true,
})

export const contentManager = client('webtoon-content-manager', {
  summary: 'The editors’ tool: reads and changes titles.',
  scopes: [...reading, scopes.writeCatalog],
})

export const indexer = client('webtoon-indexer', {
  summary: 'The search when it reads the whole catalogue into an index.',
  scopes: [scopes.readCatalog],
})

export const loadSource = client('webtoon-load-source', {
  summary: 'The load generator when it sends through the gateway.',
  scopes: [scopes.writeIngest],
})
