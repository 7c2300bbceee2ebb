import type { Collection } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';
import { invoiceSchema, type Invoice } from '#domain/reconciliation/invoice.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { listedOf, parsedEach, type Listed } from './parsed.ts';

/** The most invoices that are kept: all of them are matched at each look. */
export const INVOICES_MAX = 200;

/** Invoices of providers as they were imported. */
export class InvoiceStore {
  readonly #invoices: Collection<RawDocument>;

  constructor(invoices: Collection<RawDocument>) {
    this.#invoices = invoices;
  }

  /**
   * Keeps an invoice; the same file again changes nothing.
   * @returns false where it was kept already
   * Error: `invalid_request` where there are {@link INVOICES_MAX} others, because one more would be left out of what is matched.
   */
  async add(invoice: Invoice): Promise<Result<boolean, AppError>> {
    const others = await attemptCall(() => this.#invoices.countDocuments({ _id: { $ne: invoice._id } }));
    if (!others.ok) return others;
    if (others.value >= INVOICES_MAX) {
      const why = `${INVOICES_MAX} invoices are kept, and no more can be matched: remove one that is settled first`;
      return err(appError('invalid_request', why));
    }
    try {
      await this.#invoices.insertOne({ ...invoice });
      return ok(true);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
    }
  }

  /** The newest invoices first, for what must leave none out. Error: `malformed_document` for one that is none. */
  async list(): Promise<Result<readonly Invoice[], AppError>> {
    const found = await this.#find();
    return found.ok ? parsedEach(invoiceSchema, found.value, 'provider_invoices') : found;
  }

  /** The same for people, who can remove one that is none by its name. */
  async readable(): Promise<Result<Listed<Invoice>, AppError>> {
    const found = await this.#find();
    return found.ok ? ok(listedOf(invoiceSchema, found.value)) : found;
  }

  #find(): Promise<Result<readonly RawDocument[], AppError>> {
    return attemptCall(() => this.#invoices.find().sort({ importedAt: -1, _id: 1 }).limit(INVOICES_MAX).toArray());
  }

  /** Takes an invoice away again. */
  async remove(invoiceId: string): Promise<Result<void, AppError>> {
    const removed = await attemptCall(() => this.#invoices.deleteOne({ _id: invoiceId }));
    return removed.ok ? ok(undefined) : removed;
  }
}
