import { store } from '../model/store.ts'

export const titles = store('postgres', 'catalog', {
  summary: 'Titles, their audit trail and the outbox of their changes.',
})

export const rankings = store('redis', 'rank', {
  summary: 'Windows, dedupe memory and the offset fence of the rankings.',
  keys: ['rank:*'],
  recovery: 'rebuild',
})

export const titleIndex = store('opensearch', 'catalog', {
  summary: 'The index in which readers find titles.',
})
