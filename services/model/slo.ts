/** What a service promises over 28 days. */
export interface Slo {
  /** Percent of requests without a 5xx, e.g. 99.9. */
  readonly availability: number
  /** 95 % of requests are answered within this time. */
  readonly latency: { readonly p95Ms: number }
}

/** Error budgets are counted over this time (Google SRE workbook, chapter 5: four weeks). */
export const budgetWindowDays = 28
