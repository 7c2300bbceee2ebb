/** The amounts at which finance takes a second look, in the smallest unit of credits. */
export interface FinanceLimits {
  /** A mend that moves more needs a second person. */
  readonly mendAloneCreditsMax: number;
  /** An open finding that is worth more, either way, keeps its month open. */
  readonly periodOpenCreditsMax: number;
}

/** The limits that hold unless the application is started with others. */
export const DEFAULT_FINANCE_LIMITS: FinanceLimits = { mendAloneCreditsMax: 1000, periodOpenCreditsMax: 0 };
