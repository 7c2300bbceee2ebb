import { healthJobsQuerySchema, healthJobsSchema, healthQuerySchema, healthViewSchema } from '../health-views.ts';
import type { RequestTable } from './definition.ts';

/** How generation is doing, from the offline copy. */
export const HEALTH_REQUESTS = {
  'health.get': { params: healthQuerySchema, result: healthViewSchema, permission: 'view', writes: false },
  'health.jobs': { params: healthJobsQuerySchema, result: healthJobsSchema, permission: 'view', writes: false },
} as const satisfies RequestTable;
