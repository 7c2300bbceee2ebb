import { Pencil, Trash2, Undo2 } from 'lucide-react';
import { useEffect, useRef, useState, type FormEvent, type ReactNode, type RefObject } from 'react';
import { VIEW_NAME_MAX, type SavedView } from '#contract/own-views.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { useViewChange } from '../../state/saved-views.ts';

/** Saves what is on screen under a name, and renames or deletes what was saved; the last deletion can be undone. */
export function ViewsDialog({
  href,
  views,
  onClose,
}: {
  /** The address of what is on screen. */
  href: string;
  views: readonly SavedView[];
  onClose: () => void;
}): ReactNode {
  const [name, setName] = useState('');
  const [renamed, setRenamed] = useState<string | null>(null);
  const [deleted, setDeleted] = useState<SavedView | null>(null);
  const change = useViewChange();
  const save = (event: FormEvent): void => {
    event.preventDefault();
    const standing = views.find((view) => view.name === name.trim());
    const view = {
      id: standing?.id ?? crypto.randomUUID(),
      name: name.trim(),
      href,
      position: standing?.position ?? views.length,
    };
    change.mutate({ put: view }, { onSuccess: onClose });
  };
  return (
    <ModalDialog title="Saved views" onClose={onClose}>
      <form className="views-form" onSubmit={save}>
        <NameField says="Name of what is on screen now" name={name} onChange={setName} />
        <button type="submit" className="button" disabled={name.trim() === '' || change.isPending}>
          {views.some((view) => view.name === name.trim()) ? 'Replace' : 'Save'}
        </button>
      </form>
      <FailureLine failure={change.error} />
      {views.length > 0 && (
        <ul className="views-list">
          {views.map((view) =>
            view.id === renamed ? (
              <li key={view.id}>
                <RenameForm
                  view={view}
                  taken={views.filter(({ id }) => id !== view.id).map((other) => other.name)}
                  isPending={change.isPending}
                  onRename={(next) =>
                    change.mutate({ put: { ...view, name: next } }, { onSuccess: () => setRenamed(null) })
                  }
                  onLeave={() => setRenamed(null)}
                />
              </li>
            ) : (
              <li key={view.id}>
                <bdi>{view.name}</bdi>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Rename ${view.name}`}
                  onClick={() => setRenamed(view.id)}
                >
                  <Pencil aria-hidden size={15} />
                </button>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Delete ${view.name}`}
                  onClick={() => change.mutate({ remove: view.id }, { onSuccess: () => setDeleted(view) })}
                >
                  <Trash2 aria-hidden size={15} />
                </button>
              </li>
            ),
          )}
        </ul>
      )}
      {deleted !== null && (
        <p className="views-undo">
          <output>
            <bdi>{deleted.name}</bdi> is deleted.
          </output>
          <button
            type="button"
            className="text-button"
            onClick={() => change.mutate({ put: deleted }, { onSuccess: () => setDeleted(null) })}
          >
            <Undo2 aria-hidden size={14} />
            Undo
          </button>
        </p>
      )}
    </ModalDialog>
  );
}

function RenameForm({
  view,
  taken,
  isPending,
  onRename,
  onLeave,
}: {
  view: SavedView;
  /** The names of the others. */
  taken: readonly string[];
  isPending: boolean;
  onRename: (name: string) => void;
  onLeave: () => void;
}): ReactNode {
  const [name, setName] = useState(view.name);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const next = name.trim();
  const isTaken = taken.includes(next);
  return (
    <form
      className="views-form"
      aria-label={`Rename ${view.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        onRename(next);
      }}
    >
      <NameField says="New name" field={field} name={name} onChange={setName} />
      <button type="button" className="button" onClick={onLeave}>
        Leave it
      </button>
      <button type="submit" className="button" disabled={next === '' || isTaken || next === view.name || isPending}>
        Rename
      </button>
      {isTaken && <output className="muted">Another view has this name.</output>}
    </form>
  );
}

function NameField({
  says,
  field,
  name,
  onChange,
}: {
  says: string;
  field?: RefObject<HTMLInputElement | null>;
  name: string;
  onChange: (name: string) => void;
}): ReactNode {
  return (
    <label>
      {says}
      <input
        ref={field}
        type="text"
        required
        maxLength={VIEW_NAME_MAX}
        value={name}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
