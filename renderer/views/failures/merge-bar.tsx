import { Merge } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FailureGroupView } from '#contract/failure-views.ts';
import { explainError } from '#domain/errors.ts';
import { toWireError } from '../../state/engine-failure.ts';
import { useFailureDecision } from '../../state/failure-queries.ts';

/** Makes one group of those that were chosen; the first of them gives it its name. */
export function MergeBar({ groups, onDone }: { groups: readonly FailureGroupView[]; onDone: () => void }): ReactNode {
  const decision = useFailureDecision();
  const [into, ...others] = groups;
  if (into === undefined) return null;
  return (
    <section className="merge-bar" aria-label="Merge">
      {groups.length.toLocaleString('en')} groups are chosen.
      <button
        type="button"
        className="button"
        data-kind="primary"
        disabled={decision.isPending}
        onClick={() =>
          decision.mutate(
            {
              groupId: into.id,
              seenVersion: into.decision.version,
              act: { type: 'merge', fingerprints: others.map(({ id }) => id) },
            },
            { onSuccess: onDone },
          )
        }
      >
        <Merge aria-hidden size={14} />
        Merge them into one
      </button>
      <button type="button" className="text-button" onClick={onDone}>
        Choose none
      </button>
      {decision.error !== null && (
        <span className="text-danger" role="alert">
          {explainError(toWireError(decision.error))}
        </span>
      )}
    </section>
  );
}
