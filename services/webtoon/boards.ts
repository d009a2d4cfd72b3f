import { board } from '../model/board.ts'

export const searchAndRank = board('msa-search-rank', {
  title: 'Search & Rank',
  product: 'webtoon',
  summary: 'How fast readers find titles, and how up to date what they find is.',
})
