import type { FailureDesk } from '#console/failures/failure-desk.ts';
import type { FailuresView } from '#contract/failure-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { FailureAct } from '#domain/failure-groups.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import type { RedactionBoard } from '../redaction/redaction-board.ts';
import type { HandlersOf } from './handler.ts';

/**
 * Failures by their cause, and what is decided about them. A cause is named by words of its message: from whom anything is hidden gets
 * a token for it, and gives that back.
 */
export function failureHandlers(
  desk: FailureDesk,
  redaction: Pick<RedactionBoard, 'lens' | 'fingerprintOf'>,
): HandlersOf<'failures'> {
  return {
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
      if (!decided.ok) return decided;
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
  return { ...view, groups };
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
