import { z } from 'zod';
import { ALERT_REQUESTS } from './requests/alerts.ts';
import { AUDIT_REQUESTS } from './requests/audit.ts';
import type { RequestTable } from './requests/definition.ts';
import { DOCTOR_REQUESTS } from './requests/doctor.ts';
import { EXPORT_REQUESTS } from './requests/exports.ts';
import { FAILURE_REQUESTS } from './requests/failures.ts';
import { COPY_REQUESTS } from './requests/copy.ts';
import { FINDING_REQUESTS } from './requests/findings.ts';
import { INVOICE_REQUESTS } from './requests/invoices.ts';
import { FLEET_REQUESTS } from './requests/fleet.ts';
import { HEALTH_REQUESTS } from './requests/health.ts';
import { JOB_REQUESTS } from './requests/jobs.ts';
import { MEND_REQUESTS } from './requests/mends.ts';
import { OWN_REQUESTS } from './requests/own.ts';
import { OWNER_REQUESTS } from './requests/owners.ts';
import { PEOPLE_REQUESTS } from './requests/people.ts';
import { PERIOD_REQUESTS } from './requests/periods.ts';
import { PROFILE_REQUESTS } from './requests/profiles.ts';
import { RECONCILIATION_REQUESTS } from './requests/reconciliation.ts';
import { REDACTION_REQUESTS } from './requests/redaction.ts';
import { RETRY_REQUESTS } from './requests/retry.ts';
import { POLICY_REQUESTS } from './requests/policy.ts';
import { PLAN_REQUESTS } from './requests/plans.ts';
import { RUNNER_REQUESTS } from './requests/runner.ts';
import { STATUS_REQUESTS } from './requests/status.ts';

/** The one list of what a window may ask the engine; each area has a file of its own. */
export const REQUESTS = {
  ...STATUS_REQUESTS,
  ...JOB_REQUESTS,
  ...OWNER_REQUESTS,
  ...HEALTH_REQUESTS,
  ...FAILURE_REQUESTS,
  ...RETRY_REQUESTS,
  ...RUNNER_REQUESTS,
  ...FLEET_REQUESTS,
  ...RECONCILIATION_REQUESTS,
  ...OWN_REQUESTS,
  ...COPY_REQUESTS,
  ...PEOPLE_REQUESTS,
  ...AUDIT_REQUESTS,
  ...FINDING_REQUESTS,
  ...MEND_REQUESTS,
  ...PERIOD_REQUESTS,
  ...INVOICE_REQUESTS,
  ...PLAN_REQUESTS,
  ...POLICY_REQUESTS,
  ...REDACTION_REQUESTS,
  ...PROFILE_REQUESTS,
  ...ALERT_REQUESTS,
  ...DOCTOR_REQUESTS,
  ...EXPORT_REQUESTS,
} as const satisfies RequestTable;

export type RequestName = keyof typeof REQUESTS;
/** What a window sends for a request, before defaults are filled in. */
export type RequestParams<Name extends RequestName> = z.input<(typeof REQUESTS)[Name]['params']>;
/** What a handler receives for a request, parsed. */
export type ParsedParams<Name extends RequestName> = z.output<(typeof REQUESTS)[Name]['params']>;
/** What a window gets for a request. */
export type RequestResult<Name extends RequestName> = z.output<(typeof REQUESTS)[Name]['result']>;

export const requestNameSchema = z.enum(Object.keys(REQUESTS) as [RequestName, ...RequestName[]]);
