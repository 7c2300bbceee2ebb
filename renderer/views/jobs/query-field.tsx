/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a datalist offers whole values only, and what completes a query is a piece in its middle */
import { Search, X } from 'lucide-react';
import { useEffect, useId, useMemo, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import type { JobFilter } from '#contract/job-views.ts';
import { isSameFilter, parseJobQuery, printJobQuery } from '#contract/query/job-query.ts';
import { CREDIT_SCALE } from '#domain/credits.ts';
import { isFiltering } from '../../state/jobs-query-string.ts';
import { isAskedCome, wasAsked, type AskedQuery } from './asked-query.ts';
import { completeQuery, type Completion } from './query-completion.ts';
import { useVocabulary } from './use-vocabulary.ts';

/** A text that is being typed takes effect when no key came for so long; one that was entered, completed or taken away at once. */
const TYPING_MS = 120;

/** Changes a filter: the one that is wished for by then, which may be typed and not be shown yet. */
export type ChangeFilter = (change: (wished: JobFilter) => JobFilter, options?: { replace?: boolean }) => void;

interface QueryFieldProps {
  readonly filter: JobFilter;
  readonly input: RefObject<HTMLInputElement | null>;
  /** Told at once what the text asks for, which takes effect a moment later. */
  readonly onTyped: (filter: JobFilter) => void;
  readonly onChange: ChangeFilter;
}

/** The whole filter as one line of tokens and words. Takes effect a moment after the last key, and with Enter at once. */
export function QueryField({ filter, input, onTyped, onChange }: QueryFieldProps): ReactNode {
  const { text, setText, typed, problems, setIsEntered } = useQueryText(filter, onChange);
  useEffect(() => onTyped(typed), [typed, onTyped]);
  const [caret, setCaret] = useState<number | null>(null);
  const [active, setActive] = useState(-1);
  const id = useId();
  const vocabulary = useVocabulary(caret !== null);
  const options = caret === null ? [] : completeQuery(text, caret, vocabulary);
  // While there is something to complete a piece at the caret is not wrong yet.
  const shownProblem = problems.find(
    ({ isUnfinished, end }) => !isUnfinished || caret === null || caret < end || options.length === 0,
  );
  const edit = (value: string, at: number | null, options = { isEntered: true }): void => {
    setText(value);
    setIsEntered(options.isEntered);
    setCaret(at);
    setActive(-1);
  };
  const accept = (option: Completion): void => {
    const at = option.start + option.insert.length;
    // At once: who types on in the same moment must not find the caret moved back by a later frame.
    flushSync(() => edit(text.slice(0, option.start) + option.insert + text.slice(option.end).trimStart(), at));
    input.current?.setSelectionRange(at, at);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && options.length > 0) {
      event.preventDefault();
      setActive((active + step + options.length + 1) % (options.length + 1) === options.length ? -1 : active + step);
    }
    const chosen = options[active] ?? (event.key === 'Tab' && text !== '' ? options[0] : undefined);
    if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && chosen !== undefined) {
      event.preventDefault();
      accept(chosen);
    } else if (event.key === 'Enter') {
      setIsEntered(true);
      setCaret(null);
    } else if (event.key === 'Escape') {
      if (options.length > 0 && caret !== null) setCaret(null);
      else if (text === '') event.currentTarget.blur();
      else edit('', 0);
    }
  };
  return (
    <div className="query-field">
      <label className="search-field">
        <Search aria-hidden size={15} />
        <span className="visually-hidden">Filter the jobs</span>
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-expanded={options.length > 0}
          aria-controls={`${id}-options`}
          aria-autocomplete="list"
          aria-activedescendant={active < 0 ? undefined : `${id}-option-${active}`}
          aria-invalid={shownProblem !== undefined}
          aria-describedby={shownProblem === undefined ? undefined : `${id}-problem`}
          value={text}
          placeholder="state:failed kind:video cost:>50 since:2h, or any words"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => edit(event.target.value, event.target.selectionStart, { isEntered: false })}
          onSelect={({ currentTarget }) => {
            // A text that is set from elsewhere moves the caret too, and then nobody is typing.
            if (document.activeElement === currentTarget) setCaret(currentTarget.selectionStart);
          }}
          onFocus={(event) => setCaret(event.currentTarget.selectionStart)}
          onBlur={() => setCaret(null)}
          onKeyDown={onKeyDown}
        />
        {text === '' && <kbd aria-hidden>/</kbd>}
      </label>
      {(text !== '' || isFiltering(filter)) && (
        <button
          type="button"
          className="icon-button query-clear"
          aria-label="Clear the filter"
          onClick={() => edit('', null)}
        >
          <X aria-hidden size={14} />
        </button>
      )}
      {options.length > 0 && <Options id={id} options={options} active={active} onAccept={accept} />}
      {shownProblem !== undefined && (
        <output className="query-problem text-danger" id={`${id}-problem`}>
          {shownProblem.reason}
        </output>
      )}
    </div>
  );
}

function Options({
  id,
  options,
  active,
  onAccept,
}: {
  id: string;
  options: readonly Completion[];
  active: number;
  onAccept: (option: Completion) => void;
}): ReactNode {
  return (
    <div className="menu query-options" role="listbox" id={`${id}-options`} aria-label="What may be typed here">
      {options.map((option, index) => (
        <div
          key={option.says}
          role="option"
          id={`${id}-option-${index}`}
          aria-selected={index === active}
          className="menu-item"
          data-highlighted={index === active ? '' : undefined}
          // Before the field loses the focus and the list with it.
          onPointerDown={(event) => {
            event.preventDefault();
            onAccept(option);
          }}
        >
          <bdi className="mono">{option.says}</bdi>
          {option.hint !== null && <span className="menu-count">{option.hint}</span>}
        </div>
      ))}
    </div>
  );
}

/** The text of the field. It follows a filter that was changed elsewhere, and keeps what was typed as it was typed. */
function useQueryText(filter: JobFilter, onChange: QueryFieldProps['onChange']) {
  const [text, setText] = useState(() => printJobQuery(filter, CREDIT_SCALE));
  const [known, setKnown] = useState(filter);
  const [asked, setAsked] = useState<AskedQuery | null>(null);
  const [isEntered, setIsEntered] = useState(false);
  const { filter: typed, problems } = useMemo(() => parseJobQuery(text, CREDIT_SCALE), [text]);
  const isChanged = !isSameFilter(typed, filter);
  if (known !== filter) {
    setKnown(filter);
    if (isChanged && !isAskedCome(asked, { before: known, now: filter })) setText(printJobQuery(filter, CREDIT_SCALE));
  }
  useEffect(() => {
    if (!isChanged || wasAsked(asked, { text, under: filter })) return;
    const timer = setTimeout(
      () => {
        setAsked({ text, under: filter });
        onChange(() => typed, { replace: isFiltering(filter) });
      },
      isEntered ? 0 : TYPING_MS,
    );
    return () => clearTimeout(timer);
  }, [isChanged, isEntered, asked, text, typed, filter, onChange]);
  return { text, setText, typed, problems, setIsEntered };
}
