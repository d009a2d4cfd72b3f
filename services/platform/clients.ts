import { client } from '../model/scope.ts'

/** May do everything: `./maru tour`, drills and people who look after the platform. */
export const operator = client('maru-operator', {
  summary: 'People and tools that look after the platform.',
  scopes: 'all',
  impersonates: true,
})
