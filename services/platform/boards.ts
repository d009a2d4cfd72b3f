import { board } from '../model/board.ts'

export const overview = board('msa-overview', {
  title: 'MSA Overview',
  product: 'platform',
  summary: 'Every service of every product at a glance.',
})
