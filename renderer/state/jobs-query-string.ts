import { readMoment, writeMoment } from '#contract/query/values.ts';
import { jobFilterSchema, jobSortSchema, type JobFilter, type JobSort } from '#contract/job-views.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** The list's filter and order, as they stand in its address. */
export interface JobsView {
  readonly filter: JobFilter;
  readonly sort: JobSort;
  /** Where a list by time begins, in milliseconds since 1970; null at its end. */
  readonly startAtMs: number | null;
}

/** The order of a list that asks for none. */
export const DEFAULT_SORT: JobSort = { column: 'createdAt', direction: 'descending' };
/** A filter that lets everything through. */
export const NO_FILTER: JobFilter = jobFilterSchema.parse({});

/** Reads a view from an address; a part that makes no sense is dropped, the others stand. */
export function parseJobsQuery(query: string): JobsView {
  const params = new URLSearchParams(query);
  const parts = jobFilterSchema.shape;
  const list = (name: string): string[] =>
    params.get(name)?.split(',').filter(Boolean).map(decodeURIComponentSafely) ?? [];
  const [column, direction] = (params.get('sort') ?? '').split(':');
  const sort = safeParse(jobSortSchema, { column, direction });
  const filter: JobFilter = {
    states: parts.states.catch([]).parse(list('state')),
    kinds: parts.kinds.catch([]).parse(list('kind')),
    classes: parts.classes.catch([]).parse(list('class')),
    providers: parts.providers.catch([]).parse(list('provider')),
    models: parts.models.catch([]).parse(list('model')),
    codes: parts.codes.catch([]).parse(list('code')),
    creditsMin: parts.creditsMin.catch(null).parse(numberOf(params.get('min'))),
    creditsMax: parts.creditsMax.catch(null).parse(numberOf(params.get('max'))),
    since: readMoment(params.get('since') ?? ''),
    until: readMoment(params.get('until') ?? ''),
    workspaceId: parts.workspaceId.catch(null).parse(params.get('workspace')),
    userId: parts.userId.catch(null).parse(params.get('user')),
    fingerprint: parts.fingerprint.catch(null).parse(params.get('cause')),
    text: parts.text.catch('').parse(params.get('text') ?? ''),
  };
  const shown = sort.success ? sort.data : DEFAULT_SORT;
  const startAtMs = Date.parse(params.get('at') ?? '');
  return { filter, sort: shown, startAtMs: Number.isNaN(startAtMs) || !isByTime(shown) ? null : startAtMs };
}

/** The address of a view, without a question mark; empty for the plain list. */
export function toJobsQuery({ filter, sort, startAtMs }: JobsView): string {
  const params = new URLSearchParams();
  const setList = (name: string, values: readonly string[]): void => {
    // Names may hold commas, so each is encoded before they are joined.
    if (values.length > 0) params.set(name, values.map((value) => encodeURIComponent(value.toWellFormed())).join(','));
  };
  setList('state', filter.states);
  setList('kind', filter.kinds);
  setList('class', filter.classes);
  setList('provider', filter.providers);
  setList('model', filter.models);
  setList('code', filter.codes);
  if (filter.creditsMin !== null) params.set('min', String(filter.creditsMin));
  if (filter.creditsMax !== null) params.set('max', String(filter.creditsMax));
  if (filter.since !== null) params.set('since', writeMoment(filter.since));
  if (filter.until !== null) params.set('until', writeMoment(filter.until));
  if (filter.workspaceId !== null) params.set('workspace', filter.workspaceId);
  if (filter.userId !== null) params.set('user', filter.userId);
  if (filter.fingerprint !== null) params.set('cause', filter.fingerprint);
  if (filter.text !== '') params.set('text', filter.text);
  if (sort.column !== DEFAULT_SORT.column || sort.direction !== DEFAULT_SORT.direction) {
    params.set('sort', `${sort.column}:${sort.direction}`);
  }
  if (startAtMs !== null && isByTime(sort)) params.set('at', new Date(startAtMs).toISOString());
  return params.toString();
}

/** True for an order in which a list can begin at a time. */
export function isByTime({ column }: JobSort): boolean {
  return column === 'createdAt' || column === 'updatedAt';
}

/** True where the filter restricts anything. */
export function isFiltering(filter: JobFilter): boolean {
  return Object.values(filter).some((value) =>
    Array.isArray(value) ? value.length > 0 : value !== null && value !== '',
  );
}

/** The address of the list of jobs under a filter that restricts only what is given. */
export function jobsHref(filter: Partial<JobFilter>, sort: JobSort = DEFAULT_SORT): string {
  const query = toJobsQuery({ filter: { ...NO_FILTER, ...filter }, sort, startAtMs: null });
  return query === '' ? '/jobs' : `/jobs?${query}`;
}

/** The address of the screen of one job. */
export function jobHref(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId.toWellFormed())}`;
}

/** The address of the page of a workspace or a user. */
export function ownerHref(owner: 'workspace' | 'user', id: string): string {
  return `/${owner === 'workspace' ? 'workspaces' : 'users'}/${encodeURIComponent(id.toWellFormed())}`;
}

function numberOf(text: string | null): number | null {
  return text === null || text === '' ? null : Number(text);
}

/** Decodes a part of an address; one that is not encoded well is taken as it stands. */
export function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A hand-written address may hold a lone percent sign: taken as it stands.
    return text;
  }
}
