import { useState, type ReactNode } from 'react';
import type { ProfileRow } from '#contract/profile-views.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { Segments } from '../../components/segments.tsx';
import { useProfileSaving, useProfileTrial } from '../../state/profile-queries.ts';
import { LoginFields } from './login-fields.tsx';
import { mappingWords } from './mapping-draft.ts';
import { MappingStep } from './mapping-step.tsx';
import { profileOf, typedSecrets, withAddress, type ProfileDraft } from './profile-draft.ts';
import { TlsFields } from './tls-fields.tsx';
import { TrialResult } from './trial-result.tsx';

/** Makes or changes a connection; it can be tried before it is kept. */
export function ProfileForm({
  first,
  row,
  canKeepSecrets,
  onClose,
}: {
  first: ProfileDraft;
  /** The connection that is changed, null for a new one. */
  row: ProfileRow | null;
  canKeepSecrets: boolean;
  onClose: () => void;
}): ReactNode {
  const [draft, setDraft] = useState(first);
  const [keepSecrets, setKeepSecrets] = useState(canKeepSecrets);
  const [isMapping, setMapping] = useState(false);
  const [isPointedOut, setPointedOut] = useState(false);
  const saving = useProfileSaving();
  const trial = useProfileTrial();
  const set = (part: Partial<ProfileDraft>): void => {
    trial.reset();
    setDraft((before) => ({ ...before, ...part }));
  };
  const made = profileOf(draft);
  const isTouched = draft !== first;
  const withProfile = (act: (profile: Extract<typeof made, { profile: unknown }>['profile']) => void): void => {
    if ('profile' in made) act(made.profile);
    else setPointedOut(true);
  };
  const save = (): void =>
    withProfile((profile) =>
      saving.mutate({ profile, secrets: typedSecrets(draft), keepSecrets }, { onSuccess: onClose }),
    );
  if (isMapping && 'profile' in made) {
    return (
      <ModalDialog title={`Mapping of ${made.profile.name}`} onClose={onClose} isWide>
        <MappingStep
          profile={made.profile}
          secrets={typedSecrets(draft)}
          first={draft.mapping}
          onDone={(mapping) => {
            if (mapping !== null) set({ mapping });
            setMapping(false);
          }}
        />
      </ModalDialog>
    );
  }
  return (
    <ModalDialog title={row === null ? 'Add a connection' : `Edit ${row.profile.name}`} onClose={onClose}>
      <form
        className="dialog-body connection-form"
        aria-label="Connection"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <label className="field">
          Name
          <input value={draft.name} maxLength={60} onChange={(event) => set({ name: event.target.value })} />
        </label>
        <Segments
          name="Kind"
          value={draft.kind}
          options={[
            { value: 'development', says: 'Development' },
            { value: 'staging', says: 'Staging' },
            { value: 'production', says: 'Production' },
          ]}
          onChange={(kind) => set({ kind })}
        />
        <label className="field">
          Address
          <input
            className="mono"
            value={draft.address}
            placeholder="mongodb+srv://db.example.com/production"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => set(withAddress(draft, event.target.value))}
          />
        </label>
        <label className="field">
          Database, where the address names none
          <input value={draft.database} maxLength={63} onChange={(event) => set({ database: event.target.value })} />
        </label>
        <LoginFields draft={draft} hasKept={row?.hasKeptSecrets ?? false} onChange={set} />
        <TlsFields draft={draft} onChange={set} />
        <fieldset className="connection-part">
          <legend>Mapping</legend>
          <p>{mappingWords(draft.mapping)}</p>
          <button type="button" className="button" onClick={() => withProfile(() => setMapping(true))}>
            {draft.mapping === undefined ? 'Map other names…' : 'Look at the mapping…'}
          </button>
        </fieldset>
        <label className="connection-check">
          <input
            type="checkbox"
            checked={draft.isReadOnly}
            onChange={(event) => set({ isReadOnly: event.target.checked })}
          />
          Read only: write nothing over this connection, whatever the role allows
        </label>
        <label className="connection-check">
          <input
            type="checkbox"
            checked={keepSecrets}
            disabled={!canKeepSecrets}
            onChange={(event) => setKeepSecrets(event.target.checked)}
          />
          Keep the password in the system&apos;s key store
          {!canKeepSecrets && <span className="muted">(there is none here: it is asked for each time)</span>}
        </label>
        {'problem' in made && (isPointedOut || (isTouched && draft.address !== '')) && (
          <p className="text-danger" role={isPointedOut ? 'alert' : undefined}>
            {made.problem}
          </p>
        )}
        <TrialResult trial={trial} />
        <FailureLine failure={saving.error} />
        <div className="dialog-actions">
          <button
            type="button"
            className="button"
            disabled={trial.isPending}
            onClick={() => withProfile((profile) => trial.mutate({ profile, secrets: typedSecrets(draft) }))}
          >
            {trial.isPending ? 'Trying…' : 'Try it'}
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={saving.isPending}>
            Keep it
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}
