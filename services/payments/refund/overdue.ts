/** Contract, §14. */
export const overdue = { name: 'delayedRefunds', afterSeconds: 1800 }
