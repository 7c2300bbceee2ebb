import { compareText } from './finding.ts';
import { ADJUST, CAPTURE, GRANT, netOfEntry, periodCode, REFUND, type LedgerView } from './view.ts';

/** The statement of one workspace for one month, in the smallest unit. `opening + grants - spend + refunds + adjustments = closing`. */
export interface Statement {
  readonly workspaceId: string;
  readonly period: string;
  readonly opening: number;
  readonly grants: number;
  /** Captured, by kind of job, kinds in order of their names; `(no job)` where no job is known. */
  readonly spend: readonly { readonly kind: string; readonly credits: number; readonly captures: number }[];
  readonly refunds: number;
  readonly adjustments: number;
  readonly closing: number;
  /** How many of the entries are dated in an earlier month that was closed when they came. */
  readonly lateEntries: number;
}

/** What was closed, so that a closed month keeps its statement: what came late counts in the first open month. */
export interface ClosedBooks {
  /** The last month that is closed; null where none is. With it everything before it is closed. */
  readonly through: string | null;
  /** By entry of the view: the month that counted it when it was closed, as its code; 0 where none has yet. */
  readonly sealedIn: Uint16Array;
}

/** The statements of a month, ordered by workspace; workspaces without a balance and without a movement are left out. */
export function buildStatements(
  view: LedgerView,
  request: {
    readonly period: string;
    /** Null for all. */
    readonly workspaceId: string | null;
    readonly closed: ClosedBooks;
  },
): readonly Statement[] {
  const { period, workspaceId, closed } = request;
  const code = periodCode(period);
  const only = workspaceId === null ? -1 : view.workspaces.find(workspaceId);
  if (workspaceId !== null && only < 0) return [];
  const through = closed.through === null ? 0 : periodCode(closed.through);
  const drafts = new Map<number, Draft>();
  const { entries } = view;
  for (let entry = 0; entry < entries.count; entry += 1) {
    const workspace = entries.workspace[entry] ?? 0;
    if (only >= 0 && workspace !== only) continue;
    const dated = entries.period[entry] ?? 0;
    const counted = closed.sealedIn[entry] || Math.max(dated, through + 1);
    const isLate = counted > dated && through > 0;
    if (counted > code) continue;
    let draft = drafts.get(workspace);
    if (draft === undefined) drafts.set(workspace, (draft = newDraft()));
    if (counted < code) {
      draft.opening += netOfEntry(entries, entry);
      continue;
    }
    addMovement(view, draft, entry);
    if (isLate) draft.lateEntries += 1;
  }
  return [...drafts]
    .map(([workspace, draft]) => statementOf(view, workspace, period, draft))
    .filter((statement) => statement.opening !== 0 || statement.closing !== 0 || hasMovement(statement))
    .toSorted((left, right) => compareText(left.workspaceId, right.workspaceId));
}

interface Draft {
  opening: number;
  grants: number;
  refunds: number;
  adjustments: number;
  lateEntries: number;
  readonly spend: Map<number, { credits: number; captures: number }>;
}

function newDraft(): Draft {
  return { opening: 0, grants: 0, refunds: 0, adjustments: 0, lateEntries: 0, spend: new Map() };
}

function addMovement(view: LedgerView, draft: Draft, entry: number): void {
  const { entries, generations, jobs } = view;
  const credits = entries.credits[entry] ?? 0;
  switch (entries.type[entry] ?? GRANT) {
    case GRANT:
      draft.grants += credits;
      return;
    case REFUND:
      draft.refunds += credits;
      return;
    case ADJUST:
      draft.adjustments += credits;
      return;
    case CAPTURE: {
      const job = generations.job[entries.generation[entry] ?? 0] ?? -1;
      const kind = job >= 0 && jobs.presence[job] === 1 ? (jobs.kind[job] ?? 0) : -1;
      const spent = draft.spend.get(kind) ?? { credits: 0, captures: 0 };
      draft.spend.set(kind, { credits: spent.credits + credits, captures: spent.captures + 1 });
    }
  }
}

function statementOf(view: LedgerView, workspace: number, period: string, draft: Draft): Statement {
  const spend = [...draft.spend]
    .map(([kind, spent]) => ({ kind: kind < 0 ? '(no job)' : view.kinds.text(kind), ...spent }))
    .toSorted((left, right) => compareText(left.kind, right.kind));
  const spent = spend.reduce((sum, line) => sum + line.credits, 0);
  return {
    workspaceId: view.workspaces.text(workspace),
    period,
    opening: draft.opening,
    grants: draft.grants,
    spend,
    refunds: draft.refunds,
    adjustments: draft.adjustments,
    closing: draft.opening + draft.grants - spent + draft.refunds + draft.adjustments,
    lateEntries: draft.lateEntries,
  };
}

function hasMovement(statement: Statement): boolean {
  return statement.grants !== 0 || statement.spend.length > 0 || statement.refunds !== 0 || statement.adjustments !== 0;
}
