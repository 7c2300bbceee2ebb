import { BookmarkPlus } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useCountedViews } from '../../state/saved-views.ts';
import { ViewsDialog } from './views-dialog.tsx';

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
