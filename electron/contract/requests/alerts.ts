import { z } from 'zod';
import { alertRuleSchema, quietTimeSchema } from '#domain/alerts/alert-rule.ts';
import { alertsViewSchema, alertTrialSchema } from '../alert-views.ts';
import type { RequestTable } from './definition.ts';

const doneSchema = z.object({});

/** Rules of which somebody wants to be told, kept on this machine; nothing of it reaches the server. */
export const ALERT_REQUESTS = {
  'alerts.get': { params: z.object({}), result: alertsViewSchema, permission: 'view', writes: false },
  /** Keeps a rule; one with the same id is replaced and begins anew. */
  'alerts.put': { params: alertRuleSchema, result: doneSchema, permission: 'view', writes: false },
  'alerts.delete': {
    params: z.object({ id: z.string().min(1).max(100) }),
    result: doneSchema,
    permission: 'view',
    writes: false,
  },
  'alerts.quiet': { params: quietTimeSchema, result: doneSchema, permission: 'view', writes: false },
  /** What a rule would have done in the last 30 days; it is not kept by this. */
  'alerts.try': { params: alertRuleSchema, result: alertTrialSchema, permission: 'view', writes: false },
} as const satisfies RequestTable;
