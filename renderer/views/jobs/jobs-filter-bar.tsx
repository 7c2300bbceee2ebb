import type { ReactNode, RefObject } from 'react';
import type { JobFilter } from '#contract/job-views.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { jobStateSchema, type JobState } from '#domain/job.ts';
import { counted } from '#domain/counted.ts';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { STATE_ICONS } from '../../components/state-badge.tsx';
import { useJobCount, useKnownCounts } from '../../state/engine-queries.tsx';
import { FacetMenu } from '../../components/facet-menu.tsx';
import { ColumnsMenu } from './columns-menu.tsx';
import type { JobsColumns } from './jobs-columns.ts';
import { QueryField, type ChangeFilter } from './query-field.tsx';
import { SavedViewsBar } from './saved-views-bar.tsx';

/** The filter as one line of tokens, the same filter by click with counts, and the saved views. */
export function JobsFilterBar({
  filter,
  query,
  columns,
  search,
  onTyped,
  onChange,
}: {
  filter: JobFilter;
  /** The address of what is on screen. */
  query: string;
  columns: JobsColumns;
  search: RefObject<HTMLInputElement | null>;
  onTyped: (filter: JobFilter) => void;
  onChange: ChangeFilter;
}): ReactNode {
  const counts = useKnownCounts();
  const kinds = [...new Set([...Object.keys(counts?.byKind ?? {}), ...filter.kinds])].sort();
  return (
    <search className="filter-bar" aria-label="Jobs">
      <div className="filter-row">
        <QueryField filter={filter} input={search} onTyped={onTyped} onChange={onChange} />
        <FacetMenu
          name="Kind"
          selected={filter.kinds}
          options={kinds.map((kind) => ({ value: kind, says: kind, count: counts?.byKind[kind] ?? null }))}
          onChange={(selected) => onChange((wished) => ({ ...wished, kinds: [...selected] }))}
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
            onChange((wished) => ({
              ...wished,
              classes: failureClassSchema.options.filter((value) => selected.includes(value)),
            }))
          }
        />
        <MatchCount filter={filter} />
        <ColumnsMenu columns={columns} />
      </div>
      <div className="filter-row">
        <StateChips filter={filter} byState={counts?.byState} onChange={onChange} />
        <SavedViewsBar query={query} />
      </div>
    </search>
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
    onChange((wished) => ({
      ...wished,
      // The state changes, every other stays as it is.
      states: jobStateSchema.options.filter((option) => wished.states.includes(option) !== (option === state)),
    }));
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

function MatchCount({ filter }: { filter: JobFilter }): ReactNode {
  const { data, error } = useJobCount(filter);
  const says =
    data === undefined
      ? error === null
        ? 'Counting…'
        : 'Not counted'
      : `${data.isExact ? '' : 'at least '}${counted(data.count, 'job')}`;
  return (
    <output className="match-count tabular" aria-label="Matching jobs">
      {says}
    </output>
  );
}
