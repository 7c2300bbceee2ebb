import type { FailureGroup } from '#cache/failure-reader.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import type { FailureCause, FailureGroupView, FailuresView, GroupNow } from '#contract/failure-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import {
  applyFailureAct,
  groupsByCause,
  noDecision,
  standingOfGroup,
  type FailureAct,
  type FailureDecision,
} from '#domain/failure-groups.ts';
import { codeOfFingerprint, type FailureClass } from '#domain/failure.ts';
import type { Actor } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { FailureDecisionStore } from '#store/failure-decision-store.ts';
import type { Listed } from '#store/parsed.ts';
import type { ReadableStore } from '#store/ports.ts';

/** The most causes that one list groups. */
const CAUSES_MAX = 500;

/** What of the server decisions are kept and dated by. */
interface FailureStore {
  readonly failures: Pick<FailureDecisionStore, 'all' | 'replace'>;
  readonly reader: Pick<ReadableStore, 'serverNow'>;
}

export interface FailuresQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly workspaceId: string | null;
  readonly classes: readonly FailureClass[];
}

/** Groups of failures: counted from the copy, decided about on the server. */
export class FailureDesk {
  readonly #copy: (signal?: AbortSignal) => CopyReader;
  readonly #store: () => FailureStore | null;
  readonly #nowMs: () => number;

  /** @param store null while the server is away */
  constructor(parts: {
    readonly copy: (signal?: AbortSignal) => CopyReader;
    readonly store: () => FailureStore | null;
    readonly nowMs: () => number;
  }) {
    this.#copy = parts.copy;
    this.#store = parts.store;
    this.#nowMs = parts.nowMs;
  }

  /** Groups with the most jobs first, those that want to be looked at before those that were decided about. */
  async list(query: FailuresQuery, signal?: AbortSignal): Promise<Result<FailuresView, AppError>> {
    const reader = this.#copy(signal);
    const found = await reader.failureGroups({ ...query, limit: CAUSES_MAX });
    if (!found.ok) return found;
    const { fromMs, toMs, bucketMs, groups, total } = found.value;
    const decided = await this.#readDecisions();
    if (!decided.ok) return decided;
    const { values, malformed } = decided.value ?? { values: [], malformed: [] };
    const decisions = new Map(values.map((decision) => [decision._id, decision]));
    const ownerOf = groupsByCause([...decisions.values()]);
    const byGroup = Map.groupBy(groups, ({ fingerprint }) => ownerOf.get(fingerprint) ?? fingerprint);
    const views: FailureGroupView[] = [];
    for (const [id, causes] of byGroup) {
      const view = await toView(reader, { id, causes, decision: decisions.get(id), query, nowMs: this.#nowMs() });
      if (!view.ok) return view;
      views.push(view.value);
    }
    return ok({
      fromMs,
      toMs,
      bucketMs,
      causesTotal: total,
      areDecisionsKnown: decided.value !== null,
      malformed,
      groups: views.sort((left, right) => jobsOf(right) - jobsOf(left) || (left.id < right.id ? -1 : 1)),
    });
  }

  /** Decides about a group. Errors: `server_unreachable`, `write_conflict`, `invalid_request`, `malformed_document`. */
  async decide(
    order: { readonly groupId: string; readonly seenVersion: number; readonly act: FailureAct },
    by: Actor,
  ): Promise<Result<{ readonly before: FailureDecision; readonly after: FailureDecision }, AppError>> {
    const store = this.#store();
    if (store === null) return err(appError('server_unreachable', 'not connected yet'));
    const all = await store.failures.all();
    if (!all.ok) return all;
    const unread = all.value.malformed.find(({ id }) => id === order.groupId);
    if (unread !== undefined) return err(appError('malformed_document', `what was decided before: ${unread.problem}`));
    const before = all.value.values.find(({ _id }) => _id === order.groupId) ?? noDecision(order.groupId);
    if (before.version !== order.seenVersion) return err(appError('write_conflict', order.groupId));
    // What fails since then is told by the server's clock: by one that is behind, what failed before would be a regression.
    const now = await store.reader.serverNow();
    if (!now.ok) return now;
    const after = applyFailureAct(before, order.act, { by, at: now.value });
    if (after === null) return err(appError('invalid_request', 'the group would hold too many causes'));
    const written = await store.failures.replace(after);
    if (!written.ok) return written;
    return written.value ? ok({ before, after }) : err(appError('write_conflict', order.groupId));
  }

  /** How a group stands on the server now, and what failed of it since a time. Error: `server_unreachable`. */
  async group(groupId: string, sinceMs: number, signal?: AbortSignal): Promise<Result<GroupNow, AppError>> {
    const store = this.#store();
    if (store === null) return err(appError('server_unreachable', 'not connected yet'));
    const all = await store.failures.all();
    if (!all.ok) return all;
    const { values } = all.value;
    const { version, merged, verdict } = values.find(({ _id }) => _id === groupId) ?? noDecision(groupId);
    const since = await this.#copy(signal).failuresSince([groupId, ...merged], sinceMs);
    if (!since.ok) return since;
    return ok({
      version,
      merged,
      verdict: verdict === null ? null : verdictView(verdict),
      mergedInto: groupsByCause(values).get(groupId) ?? null,
      jobsSince: since.value.jobs,
      customersSince: since.value.customers,
    });
  }

  /** Null while the server is away: then nobody knows what was decided. */
  async #readDecisions(): Promise<Result<Listed<FailureDecision> | null, AppError>> {
    const store = this.#store();
    if (store === null) return ok(null);
    const all = await store.failures.all();
    if (all.ok) return all;
    // A login that may not read the collection, or a server that just went away, still leaves the counts to see.
    return ok(null);
  }
}

async function toView(
  reader: CopyReader,
  { id, causes, decision, query, nowMs }: GroupParts,
): Promise<Result<FailureGroupView, AppError>> {
  const fingerprints = causes.map(({ fingerprint }) => fingerprint);
  const verdict = decision?.verdict ?? null;
  const customers =
    causes.length === 1 ? ok(causes[0]?.customers ?? 0) : await reader.failureCustomers(fingerprints, query);
  if (!customers.ok) return customers;
  const members = [id, ...(decision?.merged ?? [])];
  const since =
    verdict === null ? ok({ jobs: 0, customers: 0 }) : await reader.failuresSince(members, verdict.at.getTime());
  if (!since.ok) return since;
  const sum = (figure: (group: FailureGroup) => number): number =>
    causes.reduce((total, group) => total + figure(group), 0);
  return ok({
    id,
    causes: causes
      .toSorted((left, right) => Number(right.fingerprint === id) - Number(left.fingerprint === id))
      .map(toCause),
    failedJobs: sum((group) => group.failedJobs),
    retryingJobs: sum((group) => group.retryingJobs),
    customers: customers.value,
    creditsAtRisk: sum((group) => group.creditsAtRisk),
    firstSeenMs: Math.min(...causes.map((group) => group.firstSeenMs)),
    lastSeenMs: Math.max(...causes.map((group) => group.lastSeenMs)),
    points: (causes[0]?.points ?? []).map((_, index) => sum((group) => group.points[index]?.jobs ?? 0)),
    standing: standingOfGroup(decision, since.value, nowMs),
    decision: {
      version: decision?.version ?? 0,
      verdict:
        verdict === null
          ? null
          : {
              ...verdictView(verdict),
              jobsSince: since.value.jobs,
              customersSince: since.value.customers,
            },
    },
  });
}

interface GroupParts {
  readonly id: string;
  readonly causes: readonly FailureGroup[];
  readonly decision: FailureDecision | undefined;
  readonly query: FailuresQuery;
  readonly nowMs: number;
}

function verdictView(verdict: NonNullable<FailureDecision['verdict']>): NonNullable<GroupNow['verdict']> {
  const { as, note, by, at } = verdict;
  return { as, until: verdict.as === 'ignored' ? verdict.until : null, note, by, atMs: at.getTime() };
}

function jobsOf({ failedJobs, retryingJobs }: FailureGroupView): number {
  return failedJobs + retryingJobs;
}

function toCause(group: FailureGroup): FailureCause {
  return {
    fingerprint: group.fingerprint,
    class: group.class,
    code: codeOfFingerprint(group.fingerprint, group.class),
    kind: group.kind,
    provider: group.provider,
    model: group.model,
    message: group.message,
    jobs: group.failedJobs + group.retryingJobs,
  };
}
