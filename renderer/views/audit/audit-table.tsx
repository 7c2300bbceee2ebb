import type { ReactNode } from 'react';
import type { AuditRow } from '#contract/audit-views.ts';
import type { AuditEntry } from '#domain/audit.ts';
import { ERRORS } from '#domain/errors.ts';
import { JobLink } from '../../components/job-link.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import type { AuditFilter } from '../../state/people-queries.ts';
import { TableHead } from '../../components/table-head.tsx';

/** The entries of the audit. A name in it narrows the list to what has the same one. */
export function AuditTable({
  rows,
  onFilter,
}: {
  rows: readonly AuditRow[];
  onFilter: (part: Partial<AuditFilter>) => void;
}): ReactNode {
  return (
    <div className="panel audit-panel">
      <table className="plain-table">
        <caption className="visually-hidden">Audit entries</caption>
        <TableHead columns={['When', 'Who', 'Act', 'About', 'Outcome', 'Where', 'Details']} />
        <tbody>
          {rows.map(({ id, entry }) =>
            entry === null ? (
              <tr key={id}>
                <td colSpan={7} className="text-danger">
                  <bdi className="mono">{id}</bdi> is no entry any more: somebody changed it.
                </td>
              </tr>
            ) : (
              <EntryRow key={id} entry={entry} onFilter={onFilter} />
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function EntryRow({
  entry,
  onFilter,
}: {
  entry: AuditEntry;
  onFilter: (part: Partial<AuditFilter>) => void;
}): ReactNode {
  const { atMs, actor, isVerified, role, action, subject, outcome, host, details } = entry;
  return (
    <tr>
      <td className="audit-when">
        <ExactTime atMs={atMs} />
      </td>
      <td className="audit-word">
        <button type="button" className="text-button" onClick={() => onFilter({ actorId: actor.id })}>
          <bdi>{actor.id}</bdi>
        </button>
        <span className="cell-note">{isVerified ? role : `${role}, unverified`}</span>
      </td>
      <td className="audit-word">
        <button type="button" className="text-button mono" onClick={() => onFilter({ action })}>
          {action}
        </button>
      </td>
      <td className="audit-subject">
        <Subject action={action} subject={subject} />
      </td>
      <td>{outcomeWords(outcome)}</td>
      <td>
        <bdi>{host}</bdi>
      </td>
      <td>
        <Details details={details} />
      </td>
    </tr>
  );
}

/** Requests about a job are about its id, and lead to it. */
function Subject({ action, subject }: { action: string; subject: string | null }): ReactNode {
  if (subject === null) return <span className="muted">–</span>;
  if (!/^(job|output|retry|cancel)\./.test(action)) return <bdi className="mono">{subject}</bdi>;
  return <JobLink jobId={subject} />;
}

function outcomeWords(outcome: string): ReactNode {
  if (outcome === 'done') return 'done';
  if (outcome === 'asked') return <span className="muted">asked for</span>;
  const known = Object.entries(ERRORS).find(([code]) => code === outcome);
  return <span className="text-danger">{known === undefined ? outcome : known[1].message}</span>;
}

function Details({ details }: { details: AuditEntry['details'] }): ReactNode {
  const names = Object.keys(details);
  if (names.length === 0) return <span className="muted">–</span>;
  return (
    <details>
      <summary>{names.join(', ')}</summary>
      <pre className="audit-details">{JSON.stringify(details, null, 2)}</pre>
    </details>
  );
}
