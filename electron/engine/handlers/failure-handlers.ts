import type { FailureDesk } from '#console/failures/failure-desk.ts';
import type { FailuresView, GroupNow } from '#contract/failure-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { FailureAct } from '#domain/failure-groups.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import type { RedactionBoard } from '../redaction/redaction-board.ts';
import type { HandlersOf } from './handler.ts';

/** How far back a group is looked for whose token this engine has not handed out: the longest period of the screen. */
const REMEMBERED_MS = 90 * 86_400_000;

/**
 * Failures by their cause, and what is decided about them. A cause is named by words of its message: from whom anything is hidden gets
 * a token for it, and gives that back.
 */
export function failureHandlers(
  desk: FailureDesk,
  redaction: Pick<RedactionBoard, 'lens' | 'fingerprintOf'>,
  nowMs: () => number,
): HandlersOf<'failures'> {
  /** Tokens are handed out with the list; a draft may name one that was handed out before this engine began. */
  const nameOf = async (token: string, signal: AbortSignal): Promise<string | null> => {
    const named = redaction.fingerprintOf(token);
    const lens = redaction.lens();
    if (named !== null || lens === null) return named;
    const toMs = nowMs();
    const view = await desk.list({ fromMs: toMs - REMEMBERED_MS, toMs, workspaceId: null, classes: [] }, signal);
    if (view.ok) underTokens(view.value, lens);
    return redaction.fingerprintOf(token);
  };
  return {
    'failures.group': async ({ groupId: token, sinceMs }, { signal }) => {
      const groupId = await nameOf(token, signal);
      if (groupId === null) return err(appError('not_found', token));
      const now = await desk.group(groupId, sinceMs, signal);
      const lens = redaction.lens();
      return now.ok && lens !== null ? ok(groupUnderTokens(now.value, lens)) : now;
    },
    'failures.list': async (query, { signal }) => {
      const view = await desk.list(query, signal);
      const lens = redaction.lens();
      return view.ok && lens !== null ? ok(underTokens(view.value, lens)) : view;
    },
    'failures.decide': async (order, { actor, note }) => {
      const groupId = redaction.fingerprintOf(order.groupId);
      const act = namedAct(order.act, (token) => redaction.fingerprintOf(token));
      if (groupId === null || !act.ok) return err(appError('not_found', order.groupId));
      const decided = await desk.decide({ ...order, groupId, act: act.value }, actor);
      if (!decided.ok) {
        // What a cause is named by is not told in an error either.
        const { code, detail } = decided.error;
        return detail === groupId ? err(appError(code, order.groupId)) : decided;
      }
      note('before', decided.value.before.verdict?.as ?? 'open');
      note('after', decided.value.after.verdict?.as ?? 'open');
      return ok({});
    },
  };
}

function underTokens(view: FailuresView, lens: Lens): FailuresView {
  const groups = view.groups.map((group) => ({
    ...group,
    id: lens.tokenOf(group.id),
    causes: group.causes.map((cause) => ({ ...cause, fingerprint: lens.tokenOf(cause.fingerprint) })),
  }));
  const malformed = view.malformed.map((record) => ({ ...record, id: lens.tokenOf(record.id) }));
  return { ...view, groups, malformed };
}

function groupUnderTokens(now: GroupNow, lens: Lens): GroupNow {
  const mergedInto = now.mergedInto === null ? null : lens.tokenOf(now.mergedInto);
  return { ...now, mergedInto, merged: now.merged.map((each) => lens.tokenOf(each)) };
}

/** An act with the causes that its tokens stand for. Error: `not_found` where one stands for none. */
function namedAct(act: FailureAct, fingerprintOf: (token: string) => string | null): Result<FailureAct, AppError> {
  const named: string[] = [];
  for (const token of tokensOf(act)) {
    const fingerprint = fingerprintOf(token);
    if (fingerprint === null) return err(appError('not_found', token));
    named.push(fingerprint);
  }
  if (act.type === 'merge') return ok({ ...act, fingerprints: named });
  const [fingerprint] = named;
  return ok(act.type === 'split' && fingerprint !== undefined ? { ...act, fingerprint } : act);
}

function tokensOf(act: FailureAct): readonly string[] {
  if (act.type === 'merge') return act.fingerprints;
  return act.type === 'split' ? [act.fingerprint] : [];
}
