import { CircleAlert, CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { distinctRefusals, refusalsOf } from '#contract/request-refusal.ts';
import { explainError } from '#domain/errors.ts';
import { Fact, Facts } from '../../components/panel.tsx';
import { SignInWait } from '../../components/sign-in-wait.tsx';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { toWireError } from '../../state/engine-failure.ts';
import type { useProfileTrial } from '../../state/profile-queries.ts';

/** What became of a trial: who one is there and what one may do, or why it did not work. */
export function TrialResult({ trial }: { trial: ReturnType<typeof useProfileTrial> }): ReactNode {
  const waiting = useEngineStatus().data?.signIn.waiting ?? null;
  if (trial.isPending) {
    return (
      <output className="note">
        {waiting === null ? 'Connecting; ten seconds at most…' : <SignInWait waiting={waiting} />}
      </output>
    );
  }
  if (trial.error !== null) {
    return (
      <p className="note" data-tone="danger" role="alert">
        <CircleAlert aria-hidden size={14} />
        <span>{explainError(toWireError(trial.error))}</span>
      </p>
    );
  }
  if (trial.data === undefined) return null;
  const { server, topology, user, missingIndexes, tookMs } = trial.data;
  const refused = distinctRefusals(refusalsOf(trial.data));
  return (
    <output className="note connection-trial" aria-label="It works">
      <p>
        <CircleCheck aria-hidden size={14} /> It works: {server}, {topology.replace('_', ' ')}, in {Math.round(tookMs)}{' '}
        ms.
      </p>
      <Facts>
        <Fact name="Logged in as">{user ?? 'nobody: the server asks for no login'}</Fact>
        <Fact name="Cannot do there">{refused.length > 0 && refused.map(({ detail }) => detail).join('; ')}</Fact>
        <Fact name="Missing indexes">{missingIndexes.length > 0 && missingIndexes.join(', ')}</Fact>
      </Facts>
    </output>
  );
}
