import { Binary, type Collection } from 'mongodb';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { closedPeriodSchema, type ClosedPeriod } from '#domain/reconciliation/period-close.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { parsed, parsedEach } from './parsed.ts';

/** The most closed months that are read: a thousand years. */
const PERIODS_MAX = 12_000;

const partSchema = z.object({
  _id: z.string(),
  part: z.int().nonnegative(),
  parts: z.int().positive(),
  bytes: z.instanceof(Binary).transform((binary) => new Uint8Array(binary.value())),
});

/**
 * Closed months, one document each with the month as its id, and what each counted, in parts that fit into a document. Months are
 * only ever added.
 */
export class PeriodStore {
  readonly #periods: Collection<RawDocument>;
  readonly #entries: Collection<RawDocument>;

  constructor(periods: Collection<RawDocument>, entries: Collection<RawDocument>) {
    this.#periods = periods;
    this.#entries = entries;
  }

  /** The closed months, oldest first. */
  async list(): Promise<Result<readonly ClosedPeriod[], AppError>> {
    const found = await attemptCall(() => this.#periods.find().sort({ _id: 1 }).limit(PERIODS_MAX).toArray());
    return found.ok ? parsedEach(closedPeriodSchema, found.value, 'periods') : found;
  }

  /**
   * Keeps what a month counted, under the month's own hash: of two machines that close it at once each keeps what it counted itself.
   * Parts of an attempt that came to nothing mean nothing without their month.
   */
  async saveEntries(closed: ClosedPeriod, parts: readonly Uint8Array[]): Promise<Result<void, AppError>> {
    const { period, hash } = closed;
    for (const [part, bytes] of parts.entries()) {
      const fields = { period, part, parts: parts.length, bytes: new Binary(bytes) };
      const written = await attemptCall(() =>
        this.#entries.updateOne({ _id: `${period}:${hash}:${part}` }, { $set: fields }, { upsert: true }),
      );
      if (!written.ok) return written;
    }
    return ok(undefined);
  }

  /**
   * What a month counted, as it was kept: under the month's hash, or under the month alone, as it was kept until 2026-11-28.
   * Error: `malformed_document` where a part is missing.
   */
  async readEntries({ period, hash }: ClosedPeriod): Promise<Result<readonly Uint8Array[], AppError>> {
    const parts: Uint8Array[] = [];
    for (let part = 0, count = 1; part < count; part += 1) {
      const ids = [`${period}:${hash}:${part}`, `${period}:${part}`];
      const found = await attemptCall(() => this.#entries.find({ _id: { $in: ids } }).toArray());
      if (!found.ok) return found;
      const kept = ids.flatMap((id) => found.value.filter(({ _id }) => _id === id));
      const read = parsed(partSchema, kept[0], `period_entries ${period}:${part}`);
      if (!read.ok) return read;
      count = read.value.parts;
      parts.push(read.value.bytes);
    }
    return ok(parts);
  }

  /** Adds a month to the chain. Error: `write_conflict` where somebody else has closed it in the same moment. */
  async add(closed: ClosedPeriod): Promise<Result<void, AppError>> {
    try {
      await this.#periods.insertOne({ _id: closed.period, ...closed });
      return ok(undefined);
    } catch (cause) {
      if (!isOnlyDuplicateKeys(cause)) return err(toAppError(cause));
      return err(appError('write_conflict', `${closed.period} was closed by somebody else`));
    }
  }
}
