import { ScrollText } from 'lucide-react';
import { useDeferredValue, useState, type ReactNode } from 'react';
import { MoreRows } from '../../components/more-rows.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { NEWEST_FIRST, TimeBar } from '../../components/time-jump.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useAuditPages, type AuditFilter } from '../../state/people-queries.ts';
import { AuditCheck } from './audit-check.tsx';
import { AuditTable } from './audit-table.tsx';
import './audit.css';

const EVERYTHING: AuditFilter = { actorId: null, action: null, subject: null };

/** Who did or looked at what, by time, and whether anything of it was changed afterwards. */
export function AuditScreen(): ReactNode {
  useTitle('Audit');
  const refusal = useRefusal('audit.page');
  return (
    <div className="page">
      <header className="page-head">
        <h1>Audit</h1>
        <p className="muted">
          Each act is recorded before it happens and when it has ended, each look at a prompt once in ten minutes.
          Entries are chained: what is changed or removed afterwards is found.
        </p>
      </header>
      {refusal === null ? <Entries /> : <RefusalNote refusal={refusal} />}
    </div>
  );
}

function Entries(): ReactNode {
  const [filter, setFilter] = useState<AuditFilter>(EVERYTHING);
  const [view, setView] = useState(NEWEST_FIRST);
  const list = useAuditPages(useDeferredValue(filter), view);
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  const isWhole = list.data?.pages.at(-1)?.isWhole ?? true;
  return (
    <>
      <div className="audit-tools">
        <FilterField label="Person" value={filter.actorId} onChange={(actorId) => setFilter({ ...filter, actorId })} />
        <FilterField label="Act" value={filter.action} onChange={(action) => setFilter({ ...filter, action })} />
        <FilterField label="About" value={filter.subject} onChange={(subject) => setFilter({ ...filter, subject })} />
        <AuditCheck />
      </div>
      <TimeBar view={view} what="Recorded" onChange={setView} />
      {!isWhole && (
        <output className="note" data-tone="warning">
          The server is not there: these are the entries of this machine alone.
        </output>
      )}
      {list.isPending && <output>Reading…</output>}
      {list.data === undefined && list.error !== null && (
        <FailureMessage failure={list.error} onAskAgain={() => void list.refetch()} />
      )}
      {list.data !== undefined && rows.length === 0 && (
        <ScreenMessage icon={ScrollText} title="Nothing is recorded here">
          {filter.actorId === null && filter.action === null && filter.subject === null && view.startAtMs === null
            ? 'As soon as somebody opens a job or does something, it stands here.'
            : 'No entry matches. Names are matched whole.'}
        </ScreenMessage>
      )}
      {rows.length > 0 && <AuditTable rows={rows} onFilter={(part) => setFilter({ ...filter, ...part })} />}
      <MoreRows list={list} />
    </>
  );
}

function FilterField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | null;
  onChange: (value: string | null) => void;
}): ReactNode {
  return (
    <label className="audit-filter">
      {label}
      <input
        className="control"
        type="search"
        value={value ?? ''}
        onChange={(event) => onChange(event.target.value.trim() === '' ? null : event.target.value.trim())}
      />
    </label>
  );
}
