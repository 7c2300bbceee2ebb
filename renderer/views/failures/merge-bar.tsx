import { Merge } from 'lucide-react';
import type { ReactNode } from 'react';
import { counted } from '#domain/counted.ts';
import { KeptNote } from '../../components/draft-notes.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { useDecideOrKeep, type SeenGroup } from '../../state/failure-queries.ts';

/** Makes one group of those that were chosen; the first of them gives it its name. */
export function MergeBar({ groups, onDone }: { groups: readonly SeenGroup[]; onDone: () => void }): ReactNode {
  const decision = useDecideOrKeep();
  const [into, ...others] = groups;
  if (into === undefined) return null;
  return (
    <section className="merge-bar" aria-label="Merge">
      {counted(groups.length, 'group')} chosen.
      <button
        type="button"
        className="button"
        data-kind="primary"
        disabled={decision.isPending || decision.isKept}
        onClick={() => decision.decide(into, { type: 'merge', fingerprints: others.map(({ id }) => id) }, onDone)}
      >
        <Merge aria-hidden size={14} />
        {decision.isAway ? 'Keep the merge as a draft' : 'Merge them into one'}
      </button>
      <button type="button" className="text-button" onClick={onDone}>
        Choose none
      </button>
      {decision.isKept && <KeptNote />}
      <FailureLine failure={decision.error} look="inline" />
    </section>
  );
}
