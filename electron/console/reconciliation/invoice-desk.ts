import type { CacheBooks } from '#cache/books.ts';
import type { AppError } from '#domain/errors.ts';
import {
  concernOf,
  INVOICE_RULE,
  matchProviderInvoices,
  type Invoice,
  type InvoicedAttempt,
  type InvoiceMatch,
} from '#domain/reconciliation/invoice.ts';
import { purchasesOf } from '#domain/purchases.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { beginReading } from './copied-books.ts';
import { attemptReading, type BookSource } from './read-view.ts';
import type { RunRecord } from './run-record.ts';
import { isInScope } from './run.ts';

/**
 * Matches invoices with the attempts of the offline copy, in one reading of its jobs; where it does not keep all, of the server's.
 * Errors: `copy_incomplete`, those of the copy, `cancelled`.
 */
export async function matchInvoices(
  { books, server }: { readonly books: CacheBooks; readonly server: BookSource },
  invoices: readonly Invoice[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, InvoiceMatch>, AppError>> {
  if (invoices.length === 0) return ok(new Map());
  const begun = beginReading(books, server);
  try {
    return begun.ok ? await matchInvoicesOf(begun.value.source, invoices, signal) : begun;
  } finally {
    books.end();
  }
}

/** Matches invoices with the attempts of a source, in one reading of its jobs. Errors: those of the source, `cancelled`. */
export async function matchInvoicesOf(
  source: Pick<BookSource, 'iterateJobs'>,
  invoices: readonly Invoice[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, InvoiceMatch>, AppError>> {
  if (invoices.length === 0) return ok(new Map());
  const attempts = new Map<string, InvoicedAttempt[]>(invoices.map(({ provider }) => [provider, []]));
  const isConcerned = concernOf(invoices);
  const read = await attemptReading(signal, async () => {
    for await (const document of source.iterateJobs(signal)) {
      if (document.type !== 'job') continue;
      const { _id: jobId, workspaceId } = document.job;
      for (const { boughtBy, lastBy, costMicroUsd } of purchasesOf(document.job.attempts)) {
        const attempt = {
          jobId,
          workspaceId,
          generationId: boughtBy.generationId,
          n: boughtBy.n,
          acceptanceId: boughtBy.acceptanceId,
          startedAtMs: boughtBy.startedAt.getTime(),
          endedAtMs: lastBy.endedAt?.getTime() ?? null,
          costMicroUsd,
        };
        if (isConcerned(attempt)) attempts.get(boughtBy.provider)?.push(attempt);
      }
    }
  });
  if (!read.ok) return err(read.error);
  const ofProviders = Map.groupBy(invoices, ({ provider }) => provider);
  return ok(
    new Map(
      [...ofProviders].flatMap(([provider, some]) => [...matchProviderInvoices(some, attempts.get(provider) ?? [])]),
    ),
  );
}

/** A run together with what imported invoices leave unmatched on either side, as far as its scope asks for it. */
export function withInvoiceFindings(record: RunRecord, matches: ReadonlyMap<string, InvoiceMatch>): RunRecord {
  const found = [...matches.values()]
    .flatMap((match) => match.findings)
    .filter((finding) => isInScope(finding, record.scope));
  if (found.length === 0) return record;
  return {
    ...record,
    counts: { ...record.counts, [INVOICE_RULE.name]: found.length },
    findings: [...record.findings, ...found],
  };
}
