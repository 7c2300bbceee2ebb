import type { Collection } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { invoiceSchema, type Invoice } from '#domain/reconciliation/invoice.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { parsedEach } from './parsed.ts';

/** The most invoices that are read at once, the newest first. */
const INVOICES_MAX = 200;

/** Invoices of providers as they were imported. */
export class InvoiceStore {
  readonly #invoices: Collection<RawDocument>;

  constructor(invoices: Collection<RawDocument>) {
    this.#invoices = invoices;
  }

  /** Keeps an invoice; the same file again changes nothing. */
  async add(invoice: Invoice): Promise<Result<void, AppError>> {
    try {
      await this.#invoices.insertOne({ ...invoice });
      return ok(undefined);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(undefined) : err(toAppError(cause));
    }
  }

  /** The newest invoices first. Error: `malformed_document` for one that is none. */
  async list(): Promise<Result<readonly Invoice[], AppError>> {
    const found = await attemptCall(() =>
      this.#invoices.find().sort({ importedAt: -1, _id: 1 }).limit(INVOICES_MAX).toArray(),
    );
    return found.ok ? parsedEach(invoiceSchema, found.value, 'provider_invoices') : found;
  }

  /** Takes an invoice away again. */
  async remove(invoiceId: string): Promise<Result<void, AppError>> {
    const removed = await attemptCall(() => this.#invoices.deleteOne({ _id: invoiceId }));
    return removed.ok ? ok(undefined) : removed;
  }
}
