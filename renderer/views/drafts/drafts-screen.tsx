import { Inbox } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { assertNever } from '#domain/result.ts';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import type { SentDraft } from '../../state/draft-sending.ts';
import { useDrafts, type KeptDraft } from '../../state/drafts.ts';
import { jobHref } from '../../state/jobs-query-string.ts';
import { DecisionDraftCard } from './decision-draft-card.tsx';
import { GroupDraftCard } from './group-draft-card.tsx';
import { JobDraftCard } from './job-draft-card.tsx';
import { MendsDraftCard } from './mends-draft-card.tsx';
import { PlanDraftCard } from './plan-draft-card.tsx';
import { ReviewDraftCard } from './review-draft-card.tsx';

/** What was to be done while the server was away: each checked anew, and sent or dropped by a person. */
export function DraftsScreen(): ReactNode {
  useTitle('Drafts');
  const drafts = useDrafts();
  const [sent, setSent] = useState<readonly SentDraft[]>([]);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Drafts</h1>
        <p className="muted">
          What you wanted done while the server was away. Nothing is sent by itself: each draft is held against what the
          server says now.
        </p>
      </header>
      {sent.map((done) => (
        <output key={`${done.says} ${hrefOf(done)}`} className="text-success">
          {done.says}{' '}
          <Link href={hrefOf(done)}>
            <bdi className={done.to.type === 'job' ? 'mono' : undefined}>{done.name}</bdi>
          </Link>
        </output>
      ))}
      {drafts.data === undefined && drafts.error === null && <output>Reading…</output>}
      {drafts.data === undefined && drafts.error !== null && (
        <FailureMessage failure={drafts.error} onAskAgain={() => void drafts.refetch()} />
      )}
      {drafts.data?.drafts.length === 0 && (
        <ScreenMessage icon={Inbox} title="No drafts">
          What is wanted while the server is away can be kept here: a retry, a cancellation, a plan of retries, a mend
          or a decision about one, what is made of a finding, a decision about a group of failures.
        </ScreenMessage>
      )}
      {drafts.data?.drafts.map((draft) => (
        <DraftCard key={draft.id} draft={draft} onSent={(done) => setSent((before) => [...before, done])} />
      ))}
      {drafts.data !== undefined && drafts.data.unknown > 0 && (
        <p className="note">
          {drafts.data.unknown} more cannot be read by this version of the program. They stay where they are.
        </p>
      )}
    </div>
  );
}

function DraftCard({ draft, onSent }: { draft: KeptDraft; onSent: (done: SentDraft) => void }): ReactNode {
  switch (draft.kind) {
    case 'retry':
    case 'cancel':
      return <JobDraftCard draft={draft} onSent={onSent} />;
    case 'plan':
      return <PlanDraftCard draft={draft} onSent={onSent} />;
    case 'mends':
      return <MendsDraftCard draft={draft} onSent={onSent} />;
    case 'decision':
      return <DecisionDraftCard draft={draft} onSent={onSent} />;
    case 'review':
      return <ReviewDraftCard draft={draft} onSent={onSent} />;
    case 'group':
      return <GroupDraftCard draft={draft} onSent={onSent} />;
    default:
      return assertNever(draft);
  }
}

function hrefOf({ to }: SentDraft): string {
  switch (to.type) {
    case 'job':
      return jobHref(to.jobId);
    case 'plan':
      return `/plans/${to.planId}`;
    case 'mends':
      return '/reconciliation/mends';
    case 'findings':
      return '/reconciliation';
    case 'failures':
      return '/failures';
    default:
      return assertNever(to);
  }
}
