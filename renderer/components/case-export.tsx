import { PackageOpen } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import type { CaseChoice } from '#contract/requests/jobs.ts';
import { useRefusal } from '../state/access.ts';
import { useCaseExport } from '../state/case-pack.ts';
import { CopyButton } from './copy-button.tsx';
import { ExportedFile } from './exported-file.tsx';
import { FailureLine } from './failure-line.tsx';
import { ModalDialog } from './modal-dialog.tsx';
import { Fact, Facts } from './panel.tsx';
import { RefusalNote } from './refusal-note.tsx';

interface CaseExportProps {
  readonly chosen: CaseChoice;
  /** How many jobs are chosen; undefined while they are being counted. */
  readonly count: number | undefined;
  /** Why these jobs cannot be packed; then the button is off, and says it. */
  readonly whyNot?: string | null;
}

/** Opens the dialog that packs jobs for somebody else. */
export function CaseExportButton({ chosen, count, whyNot = null }: CaseExportProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      {whyNot !== null && (
        <span id={id} className="cell-note">
          {whyNot}
        </span>
      )}
      <button
        type="button"
        className="button"
        disabled={whyNot !== null}
        aria-describedby={whyNot === null ? undefined : id}
        onClick={() => setOpen(true)}
      >
        <PackageOpen aria-hidden size={14} />
        Export case…
      </button>
      {isOpen && <CaseExportDialog chosen={chosen} count={count} onClose={() => setOpen(false)} />}
    </>
  );
}

function CaseExportDialog({
  chosen,
  count,
  onClose,
}: Omit<CaseExportProps, 'whyNot'> & { onClose: () => void }): ReactNode {
  const refusal = useRefusal('case.export');
  const pack = useCaseExport();
  return (
    <ModalDialog title={count === 1 ? 'Export this job' : `Export ${count ?? 'the'} jobs`} onClose={onClose}>
      <div className="dialog-body">
        <p>
          One archive with JSON and a page for people: states, attempts, checks, ledger entries. Prompts and texts of
          options are replaced by their length and hash; secrets, addresses of mail and queries of web addresses are
          removed. The export stands in the audit.
        </p>
        {refusal !== null && <RefusalNote refusal={refusal} />}
        <FailureLine failure={pack.error} look="note" />
        {pack.data === undefined ? (
          <div className="dialog-actions">
            <button
              type="button"
              className="button"
              disabled={refusal !== null || pack.isPending}
              onClick={() => pack.mutate(chosen)}
            >
              {pack.isPending ? 'Packing…' : 'Export'}
            </button>
          </div>
        ) : (
          <Facts>
            <Fact name="File">
              <ExportedFile path={pack.data.path} />
            </Fact>
            <Fact name="Content">
              <span className="mono">{pack.data.contentHash}</span>{' '}
              <CopyButton text={pack.data.contentHash} name="the content's hash" />
            </Fact>
            <Fact name="Check">
              <span className="mono">npm run cli -- verify-pack FILE</span> names this hash where nothing was changed.
            </Fact>
          </Facts>
        )}
      </div>
    </ModalDialog>
  );
}
