import { client } from '../model/scope.ts'
import * as webtoon from '../webtoon/scopes.ts'
import { adminAuth } from './scopes.ts'

/** May do everything: `./maru tour`, drills and people who look after the platform. */
export const operator = client('maru-operator', {
  summary: 'People and tools that look after the platform.',
  scopes: [...Object.values(webtoon), adminAuth],
  impersonates: true,
})
