/** Contract, §14. */
export const overdue = { name: 'delayedSettlements', afterSeconds: 3600 }
