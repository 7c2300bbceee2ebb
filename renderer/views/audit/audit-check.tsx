import { ShieldAlert, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import type { AuditVerdictView } from '#contract/audit-views.ts';
import { counted } from '#domain/counted.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { useAuditCheck } from '../../state/people-queries.ts';

const REASONS: Readonly<Record<AuditVerdictView['faults'][number]['reason'], string>> = {
  changed: 'was changed',
  missing: 'was taken out',
  twice: 'stands twice',
  cut_off: 'and what follows was cut off',
  malformed: 'is no entry any more',
};

/** Checks the audit when it is asked to, and says what was found. */
export function AuditCheck(): ReactNode {
  const check = useAuditCheck();
  return (
    <div className="audit-check">
      <button type="button" className="button" disabled={check.isPending} onClick={() => check.mutate()}>
        <ShieldCheck aria-hidden size={14} />
        {check.isPending ? 'Checking…' : 'Check the audit'}
      </button>
      <FailureLine failure={check.error} />
      {check.data !== undefined && <Verdict verdict={check.data} />}
    </div>
  );
}

function Verdict({ verdict }: { verdict: AuditVerdictView }): ReactNode {
  const { entries, chains, faults, faultCount, isWhole } = verdict;
  const scope = isWhole ? counted(chains, 'console') : 'this machine alone';
  const count = `${counted(entries, 'entry', 'entries')} of ${scope}`;
  if (faultCount === 0) {
    return <output className="text-success">{count}: nothing was changed or removed.</output>;
  }
  return (
    <div className="note" data-tone="danger" role="alert">
      <ShieldAlert aria-hidden size={14} />
      <div>
        <strong>
          {count}: {counted(faultCount, 'fault')}.
        </strong>
        <ul>
          {faults.map(({ chainId, seq, reason }) => (
            <li key={`${chainId} ${seq} ${reason}`}>
              Entry {seq} of <bdi className="mono">{chainId}</bdi> {REASONS[reason]}.
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
