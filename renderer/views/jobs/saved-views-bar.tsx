import { BookmarkPlus, Trash2 } from 'lucide-react';
import { useState, type FormEvent, type ReactNode } from 'react';
import { Link } from 'wouter';
import { VIEW_NAME_MAX } from '#contract/own-views.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { useCountedViews, useViewChange, type CountedView } from '../../state/saved-views.ts';

/** The saved views with their counts, and the way to save what is on screen. */
export function SavedViewsBar({ query }: { query: string }): ReactNode {
  const views = useCountedViews();
  const [isSaving, setSaving] = useState(false);
  const href = query === '' ? '/jobs' : `/jobs?${query}`;
  return (
    <nav className="views-bar" aria-label="Saved views">
      {views.map((view) => (
        <Link key={view.id} className="chip" href={view.href} aria-current={view.href === href ? 'true' : undefined}>
          <bdi>{view.name}</bdi>
          {view.count !== null && (
            <span className="chip-count tabular">
              {view.count.count.toLocaleString('en')}
              {view.count.isExact ? '' : '+'}
            </span>
          )}
        </Link>
      ))}
      <button type="button" className="text-button views-save" onClick={() => setSaving(true)}>
        <BookmarkPlus aria-hidden size={14} />
        {views.length === 0 ? 'Save this view…' : 'Views…'}
      </button>
      {isSaving && <ViewsDialog href={href} views={views} onClose={() => setSaving(false)} />}
    </nav>
  );
}

function ViewsDialog({
  href,
  views,
  onClose,
}: {
  href: string;
  views: readonly CountedView[];
  onClose: () => void;
}): ReactNode {
  const [name, setName] = useState('');
  const change = useViewChange();
  const save = (event: FormEvent): void => {
    event.preventDefault();
    const standing = views.find((view) => view.name === name.trim());
    const view = { id: standing?.id ?? crypto.randomUUID(), name: name.trim(), href, position: views.length };
    change.mutate({ put: view }, { onSuccess: onClose });
  };
  return (
    <ModalDialog title="Saved views" onClose={onClose}>
      <form className="views-form" onSubmit={save}>
        <label>
          Name of what is on screen now
          <input
            type="text"
            required
            maxLength={VIEW_NAME_MAX}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <button type="submit" className="button" disabled={name.trim() === '' || change.isPending}>
          {views.some((view) => view.name === name.trim()) ? 'Replace' : 'Save'}
        </button>
      </form>
      <FailureLine failure={change.error} />
      {views.length > 0 && (
        <ul className="views-list">
          {views.map((view) => (
            <li key={view.id}>
              <bdi>{view.name}</bdi>
              <button
                type="button"
                className="icon-button"
                aria-label={`Delete ${view.name}`}
                onClick={() => change.mutate({ remove: view.id })}
              >
                <Trash2 aria-hidden size={15} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </ModalDialog>
  );
}
