import { diffWordsWithSpace } from 'diff';
import { EyeOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { EditedInput } from '#contract/retry-views.ts';
import { hasMark } from '#domain/redaction/redaction-mark.ts';

/** A text that is longer is not compared word by word while somebody types. */
const COMPARED_CHARACTERS_MAX = 20_000;

/** Prompt and options to edit, and what differs from the original. */
export function InputEditor({
  original,
  edited,
  onEdit,
}: {
  original: EditedInput;
  edited: EditedInput;
  onEdit: (edited: EditedInput) => void;
}): ReactNode {
  return (
    <>
      {hasMark(original.prompt + original.optionsJson) && (
        <p className="note" role="note">
          <EyeOff aria-hidden size={14} />
          <span>
            Parts of this input are redacted for your role. What you leave as it stands stays what it was; a text that
            is redacted cannot be changed.
          </span>
        </p>
      )}
      <label className="field">
        Prompt
        <textarea value={edited.prompt} onChange={(event) => onEdit({ ...edited, prompt: event.target.value })} />
      </label>
      <label className="field">
        Options, as JSON
        <textarea
          className="mono"
          value={edited.optionsJson}
          spellCheck={false}
          onChange={(event) => onEdit({ ...edited, optionsJson: event.target.value })}
        />
      </label>
      <section aria-label="What differs" className="edit-diff">
        {isSameInput(original, edited) ? (
          <span className="muted">Nothing differs from the original yet.</span>
        ) : (
          <>
            <Difference from={original.prompt} to={edited.prompt} />
            <Difference from={original.optionsJson} to={edited.optionsJson} />
          </>
        )}
      </section>
    </>
  );
}

/** True where nothing was edited. */
export function isSameInput(original: EditedInput, edited: EditedInput): boolean {
  return original.prompt === edited.prompt && original.optionsJson === edited.optionsJson;
}

function Difference({ from, to }: { from: string; to: string }): ReactNode {
  if (from === to) return null;
  if (from.length + to.length > COMPARED_CHARACTERS_MAX)
    return <p>The text differs; it is too long to compare here.</p>;
  return (
    <p>
      <bdi>
        {diffWordsWithSpace(from, to).map(({ value, added, removed }, index) =>
          added ? <ins key={index}>{value}</ins> : removed ? <del key={index}>{value}</del> : value,
        )}
      </bdi>
    </p>
  );
}
