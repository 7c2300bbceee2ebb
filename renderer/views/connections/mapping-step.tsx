import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import type { ConnectionProfile, ProfileSecrets } from '#domain/connection-profile.ts';
import { jobStateSchema } from '#domain/job.ts';
import { MAPPED_PARTS, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { Segments } from '../../components/segments.tsx';
import { useMappingLook } from '../../state/profile-queries.ts';
import { mappingDraftOf, mappingOf, withPair, type MappingDraft } from './mapping-draft.ts';
import { MappingFields } from './mapping-fields.tsx';
import { MappingSample } from './mapping-sample.tsx';

const PART_WORDS: Readonly<Record<MappedPart, string>> = { jobs: 'Jobs', accounts: 'Accounts', ledger: 'Ledger' };

/** A step of the connection form: what the documents there stand for, proposed from samples and edited by hand. */
export function MappingStep({
  profile,
  secrets,
  first,
  onDone,
}: {
  profile: ConnectionProfile;
  secrets: ProfileSecrets | null;
  /** The mapping that stands; undefined proposes one. */
  first: JobMapping | undefined;
  /** Called with the mapping to use, undefined for none, and null where it stays as it was. */
  onDone: (mapping: JobMapping | undefined | null) => void;
}): ReactNode {
  const looking = useMappingLook();
  const [draft, setDraft] = useState<MappingDraft | null>(first === undefined ? null : mappingDraftOf(first));
  const [part, setPart] = useState<MappedPart>('jobs');
  const [showsOptional, setShowsOptional] = useState(false);
  const [isStale, setStale] = useState(false);
  const listId = useId();
  const ask = (mapping: JobMapping | null, collections: JobMapping['collections'] | null): void =>
    looking.mutate(
      { profile, secrets, mapping, collections },
      {
        onSuccess: (look) => {
          setDraft(mappingDraftOf(look.mapping));
          setStale(false);
        },
      },
    );
  const isBegun = useRef(false);
  useEffect(() => {
    if (isBegun.current) return;
    isBegun.current = true;
    ask(first ?? null, null);
  });
  const change = (next: MappingDraft): void => {
    setDraft(next);
    setStale(true);
  };
  const made = draft === null ? null : mappingOf(draft);
  const view = looking.data?.parts.find((each) => each.part === part);
  return (
    <section className="dialog-body connection-form" aria-label="Mapping">
      <p className="muted">
        Their fields beside Runledger&apos;s, proposed from a sample. A field without a pair has the same name there.
        What the console does not know stays in every document as it is. <span className="mono">[]</span> stands for
        each element of a list.
      </p>
      {looking.isPending && <output>Sampling documents…</output>}
      <FailureLine failure={looking.error} look="note" />
      {draft !== null && looking.data !== undefined && view !== undefined && (
        <>
          <datalist id={listId}>
            {looking.data.collections.map((name) => (
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
                    change({ ...draft, collections: { ...draft.collections, [each]: event.target.value } })
                  }
                />
              </label>
            ))}
          </div>
          <Segments
            name="Collection"
            value={part}
            options={MAPPED_PARTS.map((each) => ({ value: each, says: PART_WORDS[each] }))}
            onChange={setPart}
          />
          <MappingFields
            view={view}
            draft={draft}
            isStale={isStale}
            showsOptional={showsOptional}
            onChange={(ours, pair) => change(withPair(draft, part, ours, pair))}
          />
          <label className="connection-check">
            <input
              type="checkbox"
              checked={showsOptional}
              onChange={(event) => setShowsOptional(event.target.checked)}
            />
            Show fields that a document may lack
          </label>
          {part === 'jobs' && (
            <fieldset className="connection-part">
              <legend>What each state is called there; the first word is what is written</legend>
              {looking.data.stateWords.length > 0 && (
                <p className="muted">
                  Seen: <bdi>{looking.data.stateWords.join(', ')}</bdi>
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
                      onChange={(event) =>
                        change({ ...draft, states: { ...draft.states, [state]: event.target.value } })
                      }
                    />
                  </label>
                ))}
              </div>
            </fieldset>
          )}
          {!isStale && <MappingSample view={view} name={draft.collections[part]} />}
        </>
      )}
      {made !== null && 'problem' in made && (
        <p className="text-danger" role="alert">
          {made.problem}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={() => onDone(null)}>
          Back
        </button>
        {first !== undefined && (
          <button type="button" className="button" onClick={() => onDone(undefined)}>
            Without a mapping
          </button>
        )}
        <button
          type="button"
          className="button"
          disabled={looking.isPending}
          onClick={() => ask(null, isStale && draft !== null ? draft.collections : null)}
        >
          Propose anew
        </button>
        <button
          type="button"
          className="button"
          disabled={looking.isPending || made === null || 'problem' in made}
          onClick={() => {
            if (made !== null && 'mapping' in made) ask(made.mapping, null);
          }}
        >
          Look again
        </button>
        <button
          type="button"
          className="button"
          data-kind="primary"
          disabled={made === null || 'problem' in made}
          onClick={() => {
            if (made !== null && 'mapping' in made) onDone(made.mapping);
          }}
        >
          Use this mapping
        </button>
      </div>
    </section>
  );
}
