import { ScrollText } from 'lucide-react';
import { useDeferredValue, useMemo, type ReactNode } from 'react';
import { useSearch } from 'wouter';
import { auditFilterSchema } from '#contract/audit-views.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { MoreRows } from '../../components/more-rows.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { TimeBar } from '../../components/time-jump.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { askedFilter, auditHref, parseAuditQuery } from '../../state/audit-query-string.ts';
import { useAuditPages, type AuditFilter } from '../../state/people-queries.ts';
import { AuditCheck } from './audit-check.tsx';
import { AuditTable } from './audit-table.tsx';
import './audit.css';

const FIELDS = [
  { field: 'actorId', label: 'Person', max: auditFilterSchema.shape.actorId.unwrap().maxLength },
  { field: 'action', label: 'Act', max: auditFilterSchema.shape.action.unwrap().maxLength },
  { field: 'subject', label: 'About', max: auditFilterSchema.shape.subject.unwrap().maxLength },
] as const;

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
  const query = useSearch();
  const view = useMemo(() => parseAuditQuery(query), [query]);
  const { filter: typed, list: order } = view;
  const asked = useMemo(() => askedFilter(typed), [typed]);
  const list = useAuditPages(useDeferredValue(asked), order);
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  const isWhole = list.data?.pages.at(-1)?.isWhole ?? true;
  // Each letter is a step that nobody wants to take back, a name that is pressed is one.
  const show = (part: Partial<AuditFilter>, options?: { readonly replace: boolean }): void =>
    navigateTo(auditHref({ ...view, filter: { ...typed, ...part } }), options);
  return (
    <>
      <div className="audit-tools">
        {FIELDS.map(({ field, label, max }) => (
          <FilterField
            key={field}
            label={label}
            value={typed[field]}
            max={max}
            onChange={(value) => show({ [field]: value }, { replace: true })}
          />
        ))}
        <AuditCheck />
      </div>
      <TimeBar view={order} what="Recorded" onChange={(turned) => navigateTo(auditHref({ ...view, list: turned }))} />
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
          {asked.actorId === null && asked.action === null && asked.subject === null && order.startAtMs === null
            ? 'As soon as somebody opens a job or does something, it stands here.'
            : 'No entry matches. Names are matched whole.'}
        </ScreenMessage>
      )}
      {rows.length > 0 && <AuditTable rows={rows} onFilter={(part) => show(part)} />}
      {list.data !== undefined && <MoreRows list={list} />}
    </>
  );
}

function FilterField({
  label,
  value,
  max,
  onChange,
}: {
  label: string;
  value: string | null;
  max: number | null;
  onChange: (value: string | null) => void;
}): ReactNode {
  return (
    <label className="audit-filter">
      {label}
      <input
        className="control"
        type="search"
        value={value ?? ''}
        {...(max === null ? {} : { maxLength: max })}
        onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
      />
    </label>
  );
}
