import { Download } from 'lucide-react';
import type { ReactNode } from 'react';
import { exportFormatSchema, type Exported, type ExportFormat } from '#contract/period-views.ts';
import { counted } from '#domain/counted.ts';
import { ExportedFile } from '../../components/exported-file.tsx';
import { FailureLine } from '../../components/failure-line.tsx';

/** What is known of an export: where it went, or why not. */
interface ExportState {
  readonly data: Exported | undefined;
  readonly error: Error | null;
  readonly isPending: boolean;
}

/** One button for each form of an export, and where the last one was written. */
export function ExportButtons({
  state,
  onExport,
}: {
  state: ExportState;
  onExport: (format: ExportFormat) => void;
}): ReactNode {
  return (
    <div className="findings-export">
      {state.data !== undefined && (
        <ExportedFile says={`${counted(state.data.rows, 'line')} written to`} path={state.data.path} />
      )}
      <FailureLine failure={state.error} look="inline" />
      {exportFormatSchema.options.map((format) => (
        <button
          key={format}
          type="button"
          className="button"
          disabled={state.isPending}
          onClick={() => onExport(format)}
        >
          <Download aria-hidden size={14} />
          {format.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
