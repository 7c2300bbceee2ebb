import type { ReactNode } from 'react';
import type { MalformedRecord } from '#contract/malformed-record.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { MalformedNote } from '../../components/malformed-note.tsx';
import { useRefusal } from '../../state/access.ts';
import { useInvoiceRemoval } from '../../state/finance-queries.ts';

/** Invoices that cannot be read, each with what takes it away: a run is refused while one is there. */
export function UnreadableInvoices({ records }: { records: readonly MalformedRecord[] }): ReactNode {
  const removal = useInvoiceRemoval();
  const refusal = useRefusal('invoices.remove');
  if (records.length === 0) return null;
  return (
    <>
      <MalformedNote
        one="invoice"
        records={records}
        actionOf={({ id }) => (
          <button
            type="button"
            className="button"
            disabled={refusal !== null || removal.isPending}
            aria-label={`Remove ${id}`}
            onClick={() => removal.mutate({ invoiceId: id })}
          >
            Remove
          </button>
        )}
      />
      <p>The rules of reconciliation do not run while one is there. Its file can be imported again.</p>
      <FailureLine failure={removal.error} look="note" />
    </>
  );
}
