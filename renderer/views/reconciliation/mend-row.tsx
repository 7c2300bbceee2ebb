import type { ReactNode } from 'react';
import type { MendView } from '#contract/mend-views.ts';
import { wordsOfRule } from '#domain/reconciliation/said-rules.ts';
import { Credits } from '../../components/credits-text.tsx';
import { JobLink } from '../../components/job-link.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { LEDGER_ONLY, MEND_KINDS, MEND_STATES, nameOfMend } from './mend-words.ts';

/** One proposal: what it would write or wrote, for which finding, and who took which step. Without `onToggle` it cannot be chosen. */
export function MendRow({
  mend,
  isChosen,
  onToggle,
}: {
  mend: MendView;
  isChosen: boolean;
  onToggle: (() => void) | null;
}): ReactNode {
  const { decided, posted } = mend;
  return (
    <tr>
      {onToggle !== null && (
        <td>
          <input type="checkbox" checked={isChosen} onChange={onToggle} aria-label={`Choose ${nameOfMend(mend)}`} />
        </td>
      )}
      <td>
        <strong>{MEND_KINDS[mend.kind]}</strong>{' '}
        {mend.isSecondPersonNeeded && <span className="tag">second person</span>}
        <span className="cell-note">
          {mend.entries.map(({ type }) => type).join(', ')}
          {mend.isLedgerOnly && `, ${LEDGER_ONLY}`}
          {mend.bookedIn === null ? '' : `, dated into ${mend.bookedIn}`}
        </span>
        <span className="cell-note">
          <bdi>{mend.reason}</bdi>
        </span>
      </td>
      <td>
        {wordsOfRule(mend.rule)?.title ?? mend.rule}
        <span className="cell-note">
          {mend.jobId === null ? <bdi className="mono">{mend.findingId}</bdi> : <JobLink jobId={mend.jobId} />}
        </span>
      </td>
      <td className="mono">
        <bdi>{mend.workspaceId}</bdi>
      </td>
      <td>
        {MEND_STATES[mend.state]}
        <Step word="proposed" step={mend.proposed} />
        {decided !== null && <Step word={mend.state === 'posted' ? 'approved' : mend.state} step={decided} />}
        {posted !== null && <Step word="posted" step={posted} />}
      </td>
      <td className="number">
        <Credits credits={mend.credits} />
      </td>
    </tr>
  );
}

function Step({ word, step }: { word: string; step: MendView['proposed'] }): ReactNode {
  return (
    <span className="cell-note">
      {word} by <bdi>{step.by.id}</bdi>, <ExactTime atMs={step.atMs} />
    </span>
  );
}
