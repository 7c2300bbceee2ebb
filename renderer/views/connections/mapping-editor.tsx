import { useId, type ReactNode } from 'react';
import type { MappingLook } from '#contract/mapping-views.ts';
import { jobStateSchema } from '#domain/job.ts';
import { MAPPED_PARTS, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import { Segments } from '../../components/segments.tsx';
import { withPair, type MappingDraft } from './mapping-draft.ts';
import { MappingFields } from './mapping-fields.tsx';
import { MappingSample } from './mapping-sample.tsx';

const PART_WORDS: Readonly<Record<MappedPart, string>> = { jobs: 'Jobs', accounts: 'Accounts', ledger: 'Ledger' };

/** Which part of a mapping is on screen. */
export interface MappingSight {
  readonly part: MappedPart;
  /** Whether fields stand there too that a document may lack. */
  readonly showsOptional: boolean;
}

/** A draft of a mapping beside what the sampled documents say of it, one collection at a time. */
export function MappingEditor({
  look,
  draft,
  isStale,
  sight,
  onSight,
  onChange,
}: {
  look: MappingLook;
  draft: MappingDraft;
  /** True where the draft is no longer what was looked at. */
  isStale: boolean;
  sight: MappingSight;
  onSight: (sight: MappingSight) => void;
  onChange: (draft: MappingDraft) => void;
}): ReactNode {
  const { part, showsOptional } = sight;
  const view = look.parts.find((each) => each.part === part);
  if (view === undefined) return null;
  return (
    <>
      <CollectionNames known={look.collections} draft={draft} onChange={onChange} />
      <Segments
        name="Collection"
        value={part}
        options={MAPPED_PARTS.map((each) => ({ value: each, says: PART_WORDS[each] }))}
        onChange={(next) => onSight({ ...sight, part: next })}
      />
      <MappingFields
        view={view}
        draft={draft}
        isStale={isStale}
        showsOptional={showsOptional}
        onChange={(ours, pair) => onChange(withPair(draft, part, ours, pair))}
      />
      <label className="connection-check">
        <input
          type="checkbox"
          checked={showsOptional}
          onChange={(event) => onSight({ ...sight, showsOptional: event.target.checked })}
        />
        Show fields that a document may lack
      </label>
      {part === 'jobs' && <StateWords seen={look.stateWords} draft={draft} onChange={onChange} />}
      {!isStale && <MappingSample view={view} name={draft.collections[part]} />}
    </>
  );
}

function CollectionNames({
  known,
  draft,
  onChange,
}: {
  /** What the database has, to choose from. */
  known: readonly string[];
  draft: MappingDraft;
  onChange: (draft: MappingDraft) => void;
}): ReactNode {
  const listId = useId();
  return (
    <>
      <datalist id={listId}>
        {known.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </datalist>
      <div className="connection-fields">
        {MAPPED_PARTS.map((each) => (
          <label className="field" key={each}>
            Collection of {each}
            <input
              className="mono"
              list={listId}
              value={draft.collections[each]}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) =>
                onChange({ ...draft, collections: { ...draft.collections, [each]: event.target.value } })
              }
            />
          </label>
        ))}
      </div>
    </>
  );
}

function StateWords({
  seen,
  draft,
  onChange,
}: {
  /** The words that stand in the sampled jobs. */
  seen: readonly string[];
  draft: MappingDraft;
  onChange: (draft: MappingDraft) => void;
}): ReactNode {
  return (
    <fieldset className="connection-part">
      <legend>What each state is called there; the first word is what is written</legend>
      {seen.length > 0 && (
        <p className="muted">
          Seen: <bdi>{seen.join(', ')}</bdi>
        </p>
      )}
      <div className="connection-fields">
        {jobStateSchema.options.map((state) => (
          <label className="field" key={state}>
            {state}
            <input
              className="mono"
              value={draft.states[state]}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => onChange({ ...draft, states: { ...draft.states, [state]: event.target.value } })}
            />
          </label>
        ))}
      </div>
    </fieldset>
  );
}
