import { ListChecks } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { PlanWish } from '#contract/plan-views.ts';
import { planIdSchema } from '#domain/retry-plan/plan-record.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { navigateTo, useHashQuery } from '../../app/hash-location.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { decodeURIComponentSafely } from '../../state/jobs-query-string.ts';
import { useKeepDraft } from '../../state/drafts.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useMakePlan } from '../../state/plan-queries.ts';
import { AwayNote, KeptNote } from '../../components/draft-notes.tsx';
import { wishWords } from './plan-words.ts';
import './plans.css';

/** Plans a retry of what the address names: `?ids=a,b`, `?where=QUERY`, `?remainder=PLAN` or `?topup=PLAN`; or of a query typed here. */
export function NewPlanScreen(): ReactNode {
  useTitle('New plan');
  const query = useHashQuery();
  const refusal = useRefusal('plans.make');
  return (
    <div className="page">
      <header className="page-head">
        <h1>New retry plan</h1>
        <p className="muted">
          Shows what each job was charged, what a retry costs, and whether it may happen. Nothing is retried yet.
        </p>
      </header>
      {refusal === null ? (
        <PlanForm key={query} query={new URLSearchParams(query)} />
      ) : (
        <RefusalNote refusal={refusal} />
      )}
    </div>
  );
}

function PlanForm({ query }: { query: URLSearchParams }): ReactNode {
  const fixed = wishInAddress(query);
  const [where, setWhere] = useState(query.get('where') ?? 'state:failed class:temporary');
  const [reason, setReason] = useState('');
  const [isCollecting, setCollecting] = useState(true);
  const make = useMakePlan();
  const keep = useKeepDraft();
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  if (keep.isSuccess) return <KeptNote />;
  return (
    <form
      className="panel plan-form"
      aria-label="New plan"
      onSubmit={(event) => {
        event.preventDefault();
        const order = { wish: fixed ?? ({ type: 'where', where } as const), reason: reason.trim(), isCollecting };
        if (!isConnected) {
          keep.mutate({ kind: 'plan', subjectId: 'plan', body: order });
          return;
        }
        make.mutate(order, { onSuccess: ({ planId }) => navigateTo(`/plans/${planId}`, { replace: true }) });
      }}
    >
      {fixed === null ? (
        <label className="field">
          Which jobs
          <input value={where} maxLength={2000} onChange={(event) => setWhere(event.target.value)} />
        </label>
      ) : (
        <p>{wishWords(fixed)}</p>
      )}
      <label className="field">
        Reason
        <input
          value={reason}
          maxLength={300}
          placeholder="Why it would work now; some classes of failure need one"
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <label className="plan-choice">
        <input type="checkbox" checked={isCollecting} onChange={(event) => setCollecting(event.target.checked)} />
        Collect results that providers accepted to make and nobody received; each is charged like a retry, and not
        bought again
      </label>
      {!isConnected && <AwayNote />}
      <FailureLine failure={make.error} look="note" />
      <FailureLine failure={keep.error} look="note" />
      <div className="dialog-actions">
        {make.isPending && <output className="muted">Looking at every job…</output>}
        <button type="submit" className="button" data-kind="primary" disabled={make.isPending || keep.isPending}>
          <ListChecks aria-hidden size={14} />
          {isConnected ? 'Plan, retry nothing yet' : 'Keep as a draft'}
        </button>
      </div>
    </form>
  );
}

function wishInAddress(query: URLSearchParams): PlanWish | null {
  const ids = (query.get('ids') ?? '')
    .split(',')
    .filter((id) => id !== '')
    .map(decodeURIComponentSafely);
  if (ids.length > 0) return { type: 'ids', ids };
  const remainder = safeParse(planIdSchema, query.get('remainder'));
  if (remainder.success) return { type: 'remainder', planId: remainder.data };
  const topUp = safeParse(planIdSchema, query.get('topup'));
  return topUp.success ? { type: 'after_top_up', planId: topUp.data } : null;
}
