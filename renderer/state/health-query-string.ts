import { z } from 'zod';
import { healthGroupSchema, type HealthFilter, type HealthGroup } from '#contract/health-views.ts';
import type { JobFilter } from '#contract/job-views.ts';

const HOUR_MS = 3_600_000;

/** The times that health can be looked at over, up to now. */
export const HEALTH_PERIODS = {
  '1h': { lengthMs: HOUR_MS, says: '1 hour' },
  '6h': { lengthMs: 6 * HOUR_MS, says: '6 hours' },
  '24h': { lengthMs: 24 * HOUR_MS, says: '24 hours' },
  '7d': { lengthMs: 7 * 24 * HOUR_MS, says: '7 days' },
  '30d': { lengthMs: 30 * 24 * HOUR_MS, says: '30 days' },
  '90d': { lengthMs: 90 * 24 * HOUR_MS, says: '90 days' },
} as const;
export type HealthPeriod = keyof typeof HEALTH_PERIODS;
export const healthPeriodSchema = z.enum(Object.keys(HEALTH_PERIODS) as [HealthPeriod, ...HealthPeriod[]]);

/** What the screen of health shows, as it stands in its address. */
export interface HealthScreenView {
  readonly period: HealthPeriod;
  readonly groupBy: HealthGroup | null;
  readonly filter: HealthFilter;
}

/** A filter that lets everything through. */
export const EVERY_JOB: HealthFilter = { kind: null, provider: null, model: null, workspaceId: null };

const FILTER_NAMES = { kind: 'kind', provider: 'provider', model: 'model', workspaceId: 'workspace' } as const;

/** The part of a filter that a group of health stands for. */
export function filterOfGroup(groupBy: HealthGroup, key: string): Partial<HealthFilter> {
  return groupBy === 'workspace' ? { workspaceId: key } : { [groupBy]: key };
}

/** The part of the list's filter that leaves the jobs which a filter of health counts. */
export function jobsOfHealth({ kind, provider, model, workspaceId }: HealthFilter): Partial<JobFilter> {
  return {
    ...(kind === null ? {} : { kinds: [kind] }),
    ...(provider === null ? {} : { providers: [provider] }),
    ...(model === null ? {} : { models: [model] }),
    ...(workspaceId === null ? {} : { workspaceId }),
  };
}

/** Reads a view from an address; a part that makes no sense is dropped. */
export function parseHealthQuery(query: string): HealthScreenView {
  const params = new URLSearchParams(query);
  return {
    period: healthPeriodSchema.catch('24h').parse(params.get('period')),
    groupBy: healthGroupSchema
      .nullable()
      .catch('kind')
      .parse(params.get('by') === 'none' ? null : (params.get('by') ?? 'kind')),
    filter: {
      kind: params.get('kind'),
      provider: params.get('provider'),
      model: params.get('model'),
      workspaceId: params.get('workspace'),
    },
  };
}

/** The address of a view of health. */
export function healthHref({ period, groupBy, filter }: HealthScreenView): string {
  const params = new URLSearchParams();
  if (period !== '24h') params.set('period', period);
  if (groupBy !== 'kind') params.set('by', groupBy ?? 'none');
  for (const [field, name] of Object.entries(FILTER_NAMES)) {
    const value = filter[field as keyof HealthFilter];
    if (value !== null) params.set(name, value.toWellFormed());
  }
  const query = params.toString();
  return query === '' ? '/health' : `/health?${query}`;
}
