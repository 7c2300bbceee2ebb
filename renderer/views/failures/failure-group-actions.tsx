import { BellOff, CircleCheck, Split, Undo2 } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { FailureGroupView } from '#contract/failure-views.ts';
import { KeptNote } from '../../components/draft-notes.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import type { FailureAct } from '#domain/failure-groups.ts';
import { useDecideOrKeep, type SeenGroup } from '../../state/failure-queries.ts';
import { IgnoreDialog, ResolveDialog } from './decision-dialogs.tsx';

/** What can be decided about a group. */
export function FailureGroupActions({ group, seen }: { group: FailureGroupView; seen: SeenGroup }): ReactNode {
  const { title } = seen;
  const [dialog, setDialog] = useState<'resolve' | 'ignore' | null>(null);
  const decision = useDecideOrKeep();
  const decide = (act: FailureAct): void => decision.decide(seen, act, () => setDialog(null));
  const open = (which: 'resolve' | 'ignore'): void => {
    decision.reset();
    setDialog(which);
  };
  const { error: failure, isPending, isAway, isKept } = decision;
  const progress = { failure, isPending, isAway, isKept };
  const isOpen = group.decision.verdict === null;
  return (
    <>
      <span className="failure-group-space" />
      {group.causes.slice(1).map((cause) => (
        <button
          key={cause.fingerprint}
          type="button"
          className="button"
          disabled={decision.isPending}
          onClick={() => decide({ type: 'split', fingerprint: cause.fingerprint })}
        >
          <Split aria-hidden size={14} />
          Split {cause.code ?? cause.model} off
        </button>
      ))}
      {!isOpen && (
        <button
          type="button"
          className="button"
          disabled={decision.isPending}
          aria-label={`Open again: ${title}`}
          onClick={() => decide({ type: 'reopen' })}
        >
          <Undo2 aria-hidden size={14} />
          Open again
        </button>
      )}
      {group.standing !== 'ignored' && (
        <button type="button" className="button" aria-label={`Ignore…: ${title}`} onClick={() => open('ignore')}>
          <BellOff aria-hidden size={14} />
          Ignore…
        </button>
      )}
      {group.standing !== 'resolved' && (
        <button type="button" className="button" aria-label={`Resolve…: ${title}`} onClick={() => open('resolve')}>
          <CircleCheck aria-hidden size={14} />
          Resolve…
        </button>
      )}
      {decision.isKept && dialog === null && <KeptNote />}
      {dialog === null && <FailureLine failure={decision.error} />}
      {dialog === 'resolve' && <ResolveDialog {...progress} onDecide={decide} onClose={() => setDialog(null)} />}
      {dialog === 'ignore' && <IgnoreDialog {...progress} onDecide={decide} onClose={() => setDialog(null)} />}
    </>
  );
}
