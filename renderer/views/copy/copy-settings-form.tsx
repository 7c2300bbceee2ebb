import { useId, useState, type ReactNode } from 'react';
import {
  COPY_BYTES_MIN,
  copySettingsSchema,
  KEPT_DAYS_MAX,
  type CopySettings,
  type CopyView,
} from '#contract/copy-views.ts';
import { counted } from '#domain/counted.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { Panel } from '../../components/panel.tsx';
import { useCopySettings } from '../../state/copy-queries.ts';
import { formatBytes } from './copy-words.ts';

const MB = 1_000_000;

/** What the copy keeps; concerns this machine only. */
export function CopySettingsForm({ copy }: { copy: CopyView }): ReactNode {
  // Outside of the form, which begins anew with what was saved and has to say so.
  const save = useCopySettings();
  return <SettingsForm key={JSON.stringify(copy.settings)} copy={copy} save={save} />;
}

function SettingsForm({ copy, save }: { copy: CopyView; save: ReturnType<typeof useCopySettings> }): ReactNode {
  const { settings } = copy;
  const [days, setDays] = useState(settings.keptDays === null ? '' : String(settings.keptDays));
  const [megabytes, setMegabytes] = useState(settings.bytesMax === null ? '' : String(settings.bytesMax / MB));
  const [keepsPrompts, setKeepsPrompts] = useState(settings.keepsPrompts);
  const [isAsking, setAsking] = useState(false);
  const promptsId = useId();
  const wish = safeParse(copySettingsSchema, {
    keptDays: days.trim() === '' ? null : Number(days),
    bytesMax: megabytes.trim() === '' ? null : Math.round(Number(megabytes) * MB),
    keepsPrompts,
  });
  const isChanged = wish.success && JSON.stringify(wish.data) !== JSON.stringify(settings);
  const losesPrompts = settings.keepsPrompts && !keepsPrompts;
  const send = (wanted: CopySettings): void => {
    setAsking(false);
    save.mutate(wanted);
  };
  return (
    <Panel title="What it keeps">
      <form
        className="copy-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!wish.success) return;
          if (losesPrompts) setAsking(true);
          else send(wish.data);
        }}
      >
        <NumberSetting label="Jobs at their end, for days" placeholder="all" value={days} onChange={setDays}>
          After their last change; 1 to {KEPT_DAYS_MAX.toLocaleString('en')}, empty keeps all. Jobs that are not at
          their end, accounts and the ledger always stay.
        </NumberSetting>
        <NumberSetting label="At most, in MB" placeholder="no limit" value={megabytes} onChange={setMegabytes}>
          Now {formatBytes(copy.usedBytes)}; {COPY_BYTES_MIN / MB} or more. The jobs that ended longest ago go first;
          those of the last day stay, even above the limit.
        </NumberSetting>
        <label htmlFor={promptsId}>Keep prompts</label>
        <div>
          <input
            id={promptsId}
            type="checkbox"
            checked={keepsPrompts && copy.mayKeepPrompts}
            disabled={!copy.mayKeepPrompts}
            onChange={(event) => setKeepsPrompts(event.target.checked)}
            aria-describedby={`${promptsId}-note`}
          />
          <p id={`${promptsId}-note`} className="cell-note">
            {copy.mayKeepPrompts
              ? 'Without them nobody can read or search on this machine what customers wrote. Turning it off wipes what was kept, also in copies that were set aside; turning it on reads everything from the server again.'
              : 'None are kept: prompts are hidden from your role. They are kept again when they are not.'}
          </p>
        </div>
        <div className="copy-form-end">
          <button type="submit" className="button" data-kind="primary" disabled={!isChanged || save.isPending}>
            {save.isPending ? 'Making it so…' : 'Save'}
          </button>
          {!wish.success && (
            <span className="text-danger" role="alert">
              Give a whole number of days and at least {COPY_BYTES_MIN / MB} MB, or leave the field empty.
            </span>
          )}
          {save.isSuccess && !isChanged && <output>Saved.</output>}
          <FailureLine failure={save.error} look="inline" />
        </div>
      </form>
      {isAsking && wish.success && (
        <ModalDialog title="Wipe prompts from this machine?" onClose={() => setAsking(false)}>
          <p>
            Prompts, and texts of options, of {counted(copy.documents.jobs, 'job')} are taken out of the copy and of its
            search. They stay on the server. Until it is done the copy can be read and does not follow.
          </p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              Keep them
            </button>
            <button type="button" className="button" data-kind="danger" onClick={() => send(wish.data)}>
              Wipe prompts
            </button>
          </div>
        </ModalDialog>
      )}
    </Panel>
  );
}

/** A number to type, or nothing, with what it means below. */
function NumberSetting({
  label,
  placeholder,
  value,
  onChange,
  children,
}: {
  label: string;
  /** What nothing means. */
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{label}</label>
      <div>
        <input
          id={id}
          className="control"
          inputMode="numeric"
          placeholder={placeholder}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          aria-describedby={`${id}-note`}
        />
        <p id={`${id}-note`} className="cell-note">
          {children}
        </p>
      </div>
    </>
  );
}
