import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { ConnectionProfile, ProfileSecrets } from '#domain/connection-profile.ts';
import { mixedUnitsOf } from '#domain/mapping/credit-units.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { useMappingLook } from '../../state/profile-queries.ts';
import { mappingDraftOf, mappingOf, type MappingDraft } from './mapping-draft.ts';
import { MappingEditor, type MappingSight } from './mapping-editor.tsx';

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
  const [sight, setSight] = useState<MappingSight>({ part: 'jobs', showsOptional: false });
  const [isStale, setStale] = useState(false);
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
  const mixed = made !== null && 'mapping' in made ? mixedUnitsOf(made.mapping) : null;
  return (
    <section className="dialog-body connection-form" aria-label="Mapping">
      <p className="muted">
        Their fields beside Runledger&apos;s, proposed from a sample. A field without a pair has the same name there.
        What the console does not know stays in every document as it is. <span className="mono">[]</span> stands for
        each element of a list.
      </p>
      {looking.isPending && <output>Sampling documents…</output>}
      <FailureLine failure={looking.error} look="note" />
      {draft !== null && looking.data !== undefined && (
        <MappingEditor
          look={looking.data}
          draft={draft}
          isStale={isStale}
          sight={sight}
          onSight={setSight}
          onChange={change}
        />
      )}
      {made !== null && 'problem' in made && (
        <p className="text-danger" role="alert">
          {made.problem}
        </p>
      )}
      {mixed !== null && (
        <p className="note" data-tone="warning" role="note">
          With this mapping {mixed}. Where they do not stand there so, every sum is wrong.
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
        <MadeActions
          made={made}
          isLooking={looking.isPending}
          onLook={(mapping) => ask(mapping, null)}
          onUse={onDone}
        />
      </div>
    </section>
  );
}

function MadeActions({
  made,
  isLooking,
  onLook,
  onUse,
}: {
  /** What the draft comes to; null where there is no draft yet. */
  made: ReturnType<typeof mappingOf> | null;
  isLooking: boolean;
  onLook: (mapping: JobMapping) => void;
  onUse: (mapping: JobMapping) => void;
}): ReactNode {
  const mapping = made !== null && 'mapping' in made ? made.mapping : null;
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={isLooking || mapping === null}
        onClick={() => {
          if (mapping !== null) onLook(mapping);
        }}
      >
        Look again
      </button>
      <button
        type="button"
        className="button"
        data-kind="primary"
        disabled={mapping === null}
        onClick={() => {
          if (mapping !== null) onUse(mapping);
        }}
      >
        Use this mapping
      </button>
    </>
  );
}
