import type { JobFilter, JobSort } from '#contract/job-views.ts';

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
}

export function filterParams(filter: JobFilter): FilterParams {
  return {
    states: JSON.stringify(filter.states),
    kinds: JSON.stringify(filter.kinds),
    classes: JSON.stringify(filter.classes),
    workspaceId: filter.workspaceId,
    userId: filter.userId,
    fingerprint: filter.fingerprint,
  };
}

/** One restriction of a filter: by which column, in SQL, and the values that an index on the column is entered with. */
export interface Restriction {
  readonly column: 'state' | 'kind' | 'failure_class' | 'fingerprint' | 'workspace' | 'user';
  readonly sql: string;
  readonly values: readonly string[];
}

/** The restrictions of a filter, without its text. */
export function restrictionsOf(filter: JobFilter): readonly Restriction[] {
  const all: readonly Restriction[] = [
    { column: 'user', sql: 'user = @userId', values: filter.userId === null ? [] : [filter.userId] },
    {
      column: 'workspace',
      sql: 'workspace = @workspaceId',
      values: filter.workspaceId === null ? [] : [filter.workspaceId],
    },
    {
      column: 'fingerprint',
      sql: 'fingerprint = @fingerprint',
      values: filter.fingerprint === null ? [] : [filter.fingerprint],
    },
    {
      column: 'failure_class',
      sql: 'failure_class IN (SELECT value FROM json_each(@classes))',
      values: [...new Set(filter.classes)],
    },
    { column: 'state', sql: 'state IN (SELECT value FROM json_each(@states))', values: [...new Set(filter.states)] },
    { column: 'kind', sql: 'kind IN (SELECT value FROM json_each(@kinds))', values: [...new Set(filter.kinds)] },
  ];
  return all.filter(({ values }) => values.length > 0);
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
    if (restriction.column === sort) return { index: PLAIN_INDEXES[sort], prefix: restriction };
    const index = PREFIX_INDEXES[`${restriction.column}:${sort}`];
    if (index !== undefined) return { index, prefix: restriction };
  }
  return { index: PLAIN_INDEXES[sort], prefix: null };
}

/** The index on which the rows of a restriction can be gathered in no order. */
export function gatherIndexOf(restriction: Restriction): string | null {
  return PREFIX_INDEXES[`${restriction.column}:created_ms`] ?? null;
}
