import type { ReactNode } from 'react';
import type { InvoiceView } from '#contract/period-views.ts';
import { counted } from '#domain/counted.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { useInvoiceRemoval } from '../../state/finance-queries.ts';

/** Says what goes with an imported invoice before it is taken away, and how it can be had back. */
export function RemoveInvoiceDialog({ invoice, onClose }: { invoice: InvoiceView; onClose: () => void }): ReactNode {
  const removal = useInvoiceRemoval();
  const { name, provider, lines, matched, findings } = invoice;
  return (
    <ModalDialog title="Remove an invoice" onClose={onClose}>
      <form
        className="dialog-body"
        aria-busy={removal.isPending}
        onSubmit={(event) => {
          event.preventDefault();
          removal.mutate({ invoiceId: invoice.invoiceId }, { onSuccess: onClose });
        }}
      >
        <p>
          <bdi>{name}</bdi> of <bdi>{provider}</bdi>: {counted(lines, 'line')}, of which {matched.toLocaleString('en')}{' '}
          {matched === 1 ? 'belongs' : 'belong'} to an attempt.
        </p>
        <p>
          {findings === 0
            ? 'It leads to no finding. '
            : `${findings === 1 ? 'Its finding is' : `Its ${findings.toLocaleString('en')} findings are`} not in the next run any more. `}
          Credits do not move. Importing the same file again brings it back as it is.
        </p>
        <FailureLine failure={removal.error} look="note" />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
          <button type="submit" className="button" data-kind="danger" disabled={removal.isPending}>
            Remove
          </button>
        </div>
      </form>
    </ModalDialog>
  );
}
