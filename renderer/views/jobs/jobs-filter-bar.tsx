import { Search, X } from 'lucide-react';
import { useEffect, useState, type ReactNode, type RefObject } from 'react';
import type { JobFilter } from '#contract/job-views.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { jobStateSchema, type JobState } from '#domain/job.ts';
import { FAILURE_CLASS_NAMES } from '../../components/failure-words.ts';
import { STATE_ICONS } from '../../components/state-badge.tsx';
import { useEngineStatus, useJobCount } from '../../state/engine-queries.tsx';
import { isFiltering, NO_FILTER } from '../../state/jobs-query-string.ts';
import { FacetMenu } from '../../components/facet-menu.tsx';

type ChangeFilter = (filter: JobFilter, options?: { replace?: boolean }) => void;

/** Filters by state, kind, class of failure and words, with counts, and what is filtered by elsewhere as removable marks. */
export function JobsFilterBar({
  filter,
  search,
  onChange,
}: {
  filter: JobFilter;
  search: RefObject<HTMLInputElement | null>;
  onChange: ChangeFilter;
}): ReactNode {
  const counts = useEngineStatus().data?.counts;
  const kinds = [...new Set([...Object.keys(counts?.byKind ?? {}), ...filter.kinds])].sort();
  return (
    <search className="filter-bar" aria-label="Jobs">
      <div className="filter-row">
        <SearchField filter={filter} search={search} onChange={onChange} />
        <FacetMenu
          name="Kind"
          selected={filter.kinds}
          options={kinds.map((kind) => ({ value: kind, says: kind, count: counts?.byKind[kind] ?? null }))}
          onChange={(selected) => onChange({ ...filter, kinds: [...selected] })}
        />
        <FacetMenu
          name="Failure"
          selected={filter.classes}
          options={failureClassSchema.options.map((value) => ({
            value,
            says: FAILURE_CLASS_NAMES[value],
            count: null,
          }))}
          onChange={(selected) =>
            onChange({ ...filter, classes: failureClassSchema.options.filter((value) => selected.includes(value)) })
          }
        />
        <MatchCount filter={filter} />
      </div>
      <div className="filter-row">
        <StateChips filter={filter} byState={counts?.byState} onChange={onChange} />
        <FilterMarks filter={filter} onChange={onChange} />
      </div>
    </search>
  );
}

const TYPING_MS = 150;

/** The words to search for. Takes effect a moment after the last key, so that typing does not ask for each letter. */
function SearchField({
  filter,
  search,
  onChange,
}: {
  filter: JobFilter;
  search: RefObject<HTMLInputElement | null>;
  onChange: ChangeFilter;
}): ReactNode {
  const [text, setText] = useState(filter.text);
  const [known, setKnown] = useState(filter.text);
  // The address changed, by this field or by something else (back, a link, "Clear all"): the field follows it.
  if (known !== filter.text) {
    setKnown(filter.text);
    setText(filter.text);
  }
  useEffect(() => {
    if (text === filter.text) return;
    const timer = setTimeout(() => onChange({ ...filter, text }, { replace: filter.text !== '' }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, filter, onChange]);
  return (
    <label className="search-field">
      <Search aria-hidden size={15} />
      <span className="visually-hidden">Search in prompts, errors and ids</span>
      <input
        ref={search}
        type="search"
        value={text}
        maxLength={500}
        placeholder="Search in prompts, errors and ids"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && text === '') event.currentTarget.blur();
          else if (event.key === 'Escape') setText('');
        }}
      />
      <kbd aria-hidden>/</kbd>
    </label>
  );
}

function StateChips({
  filter,
  byState,
  onChange,
}: {
  filter: JobFilter;
  byState: Readonly<Record<JobState, number>> | undefined;
  onChange: ChangeFilter;
}): ReactNode {
  const toggle = (state: JobState): void => {
    const isOn = filter.states.includes(state);
    const states = isOn ? filter.states.filter((other) => other !== state) : [...filter.states, state];
    onChange({ ...filter, states: jobStateSchema.options.filter((option) => states.includes(option)) });
  };
  return (
    <fieldset className="state-chips">
      <legend className="visually-hidden">State</legend>
      {jobStateSchema.options.map((state) => {
        const Icon = STATE_ICONS[state];
        return (
          <button
            key={state}
            type="button"
            className="chip"
            data-state={state}
            aria-pressed={filter.states.includes(state)}
            onClick={() => toggle(state)}
          >
            <Icon aria-hidden size={13} />
            {state}
            <span className="chip-count tabular">{byState?.[state].toLocaleString('en') ?? '–'}</span>
          </button>
        );
      })}
    </fieldset>
  );
}

function FilterMarks({ filter, onChange }: { filter: JobFilter; onChange: ChangeFilter }): ReactNode {
  const marks = [
    ...filter.kinds.map((kind) => ({
      says: `kind: ${kind}`,
      without: { ...filter, kinds: filter.kinds.filter((other) => other !== kind) },
    })),
    ...filter.classes.map((failureClass) => ({
      says: `failure: ${FAILURE_CLASS_NAMES[failureClass]}`,
      without: { ...filter, classes: filter.classes.filter((other) => other !== failureClass) },
    })),
    ...(filter.workspaceId === null
      ? []
      : [{ says: `workspace: ${filter.workspaceId}`, without: { ...filter, workspaceId: null } }]),
    ...(filter.userId === null ? [] : [{ says: `user: ${filter.userId}`, without: { ...filter, userId: null } }]),
    ...(filter.fingerprint === null
      ? []
      : [{ says: `cause: ${filter.fingerprint}`, without: { ...filter, fingerprint: null } }]),
  ];
  return (
    <>
      {marks.map(({ says, without }) => (
        <button
          key={says}
          type="button"
          className="mark"
          onClick={() => onChange(without)}
          aria-label={`Remove ${says}`}
        >
          <bdi>{says}</bdi>
          <X aria-hidden size={13} />
        </button>
      ))}
      {isFiltering(filter) && (
        <button type="button" className="text-button" onClick={() => onChange(NO_FILTER)}>
          Clear all
        </button>
      )}
    </>
  );
}

function MatchCount({ filter }: { filter: JobFilter }): ReactNode {
  const { data, error } = useJobCount(filter);
  const says =
    data === undefined
      ? error === null
        ? 'Counting…'
        : 'Not counted'
      : `${data.isExact ? '' : 'at least '}${data.count.toLocaleString('en')} ${data.count === 1 ? 'job' : 'jobs'}`;
  return (
    <output className="match-count tabular" aria-label="Matching jobs">
      {says}
    </output>
  );
}
