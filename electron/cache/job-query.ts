import type { JobFilter, JobSort, Moment } from '#contract/job-views.ts';

/** The column of the table that an order of the contract is by. */
export const SORT_COLUMNS = {
  createdAt: 'created_ms',
  updatedAt: 'updated_ms',
  price: 'price',
  kind: 'kind',
  state: 'state',
  workspace: 'workspace',
} as const satisfies Record<JobSort['column'], string>;
export type SortColumn = (typeof SORT_COLUMNS)[JobSort['column']];

/** The parameters of a filter; lists go in as JSON, so that the text of a statement does not depend on their length. */
export interface FilterParams {
  readonly states: string;
  readonly kinds: string;
  readonly classes: string;
  readonly workspaceId: string | null;
  readonly userId: string | null;
  readonly fingerprint: string | null;
  readonly codes: string;
  readonly providers: string;
  readonly models: string;
  readonly creditsMin: number | null;
  readonly creditsMax: number | null;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

/** @param nowMs what moments before now are counted from */
export function filterParams(filter: JobFilter, nowMs: number): FilterParams {
  return {
    states: JSON.stringify(filter.states),
    kinds: JSON.stringify(filter.kinds),
    classes: JSON.stringify(filter.classes),
    workspaceId: filter.workspaceId,
    userId: filter.userId,
    fingerprint: filter.fingerprint,
    codes: JSON.stringify(filter.codes),
    providers: JSON.stringify(filter.providers),
    models: JSON.stringify(filter.models),
    creditsMin: filter.creditsMin,
    creditsMax: filter.creditsMax,
    sinceMs: toMs(filter.since, nowMs),
    untilMs: toMs(filter.until, nowMs),
  };
}

function toMs(moment: Moment | null, nowMs: number): number | null {
  if (moment === null) return null;
  return 'atMs' in moment ? moment.atMs : nowMs - moment.agoSeconds * 1000;
}

/** One restriction of a filter: by which column, in SQL, and the values that an index on the column is entered with. */
export interface Restriction {
  readonly column:
    | 'state'
    | 'kind'
    | 'failure_class'
    | 'failure_code'
    | 'fingerprint'
    | 'workspace'
    | 'user'
    | 'provider'
    | 'model'
    | 'created_ms'
    | 'price';
  readonly sql: string;
  readonly values: readonly string[];
  /** True where it restricts to values between two ends, which an index is not entered with one by one. */
  readonly isRange: boolean;
}

/** The restrictions of a filter, without its text, those first that leave the fewest rows. */
export function restrictionsOf(filter: JobFilter): readonly Restriction[] {
  const one = (column: Restriction['column'], param: keyof FilterParams, value: string | null): Restriction => ({
    column,
    sql: `${column} = @${param}`,
    values: value === null ? [] : [value],
    isRange: false,
  });
  const list = (column: Restriction['column'], param: keyof FilterParams, values: readonly string[]): Restriction => ({
    column,
    sql: `${column} IN (SELECT value FROM json_each(@${param}))`,
    values: [...new Set(values)],
    isRange: false,
  });
  return [
    one('user', 'userId', filter.userId),
    one('workspace', 'workspaceId', filter.workspaceId),
    one('fingerprint', 'fingerprint', filter.fingerprint),
    list('failure_code', 'codes', filter.codes),
    list('failure_class', 'classes', filter.classes),
    list('state', 'states', filter.states),
    list('kind', 'kinds', filter.kinds),
    range('created_ms', filter.since === null ? null : '>= @sinceMs', filter.until === null ? null : '< @untilMs'),
    range(
      'price',
      filter.creditsMin === null ? null : '>= @creditsMin',
      filter.creditsMax === null ? null : '<= @creditsMax',
    ),
    list('provider', 'providers', filter.providers),
    list('model', 'models', filter.models),
  ].filter(({ values, isRange }) => isRange || values.length > 0);
}

function range(column: Restriction['column'], ...ends: readonly (string | null)[]): Restriction {
  const bounds = ends.flatMap((end) => (end === null ? [] : [`${column} ${end}`]));
  return { column, sql: bounds.join(' AND '), values: [], isRange: bounds.length > 0 };
}

/** Restrictions as the text behind WHERE, `1` where there is none. */
export function whereOf(restrictions: readonly Restriction[]): string {
  return restrictions.length === 0 ? '1' : restrictions.map(({ sql }) => `(${sql})`).join(' AND ');
}

/** How rows are reached: an index that gives the order by itself, entered once for each value of a restriction. */
export interface OrderedScan {
  readonly index: string;
  /** What the index is entered with; null where it is read from its end. */
  readonly prefix: Restriction | null;
}

const PREFIX_INDEXES: Readonly<Partial<Record<string, string>>> = {
  'user:created_ms': 'jobs_user_created',
  'workspace:created_ms': 'jobs_workspace_created',
  'fingerprint:created_ms': 'jobs_fingerprint_created',
  'failure_class:created_ms': 'jobs_class_created',
  'failure_code:created_ms': 'jobs_code_created',
  'state:created_ms': 'jobs_state_created',
  'state:updated_ms': 'jobs_state_updated',
  'kind:created_ms': 'jobs_kind_created',
};
const PLAIN_INDEXES: Readonly<Record<SortColumn, string>> = {
  created_ms: 'jobs_created',
  updated_ms: 'jobs_updated',
  price: 'jobs_price',
  kind: 'jobs_kind',
  state: 'jobs_state',
  workspace: 'jobs_workspace',
};

/** Chooses how a filter in an order is read: by the narrowest restriction that an index has in that order. */
export function chooseScan(restrictions: readonly Restriction[], sort: SortColumn): OrderedScan {
  for (const restriction of restrictions) {
    if (restriction.isRange) continue;
    if (restriction.column === sort) return { index: PLAIN_INDEXES[sort], prefix: restriction };
    const index = PREFIX_INDEXES[`${restriction.column}:${sort}`];
    if (index !== undefined) return { index, prefix: restriction };
  }
  return { index: PLAIN_INDEXES[sort], prefix: null };
}

/** The index on which the rows of a restriction can be gathered in no order. */
export function gatherIndexOf(restriction: Restriction): string | null {
  if (restriction.column === 'created_ms') return PLAIN_INDEXES.created_ms;
  if (restriction.column === 'price') return PLAIN_INDEXES.price;
  return PREFIX_INDEXES[`${restriction.column}:created_ms`] ?? null;
}
