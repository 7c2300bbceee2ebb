import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import type { StandingBooks } from '#domain/reconciliation/standing/judge.ts';
import { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { inputSumSchema } from './input-sum.ts';
import { attemptWriting, writeWhole } from './whole-files.ts';
import { decodeView, encodeView } from './view-file.ts';

const VIEW_FILE = 'standing-view.cols';
const MARK_FILE = 'standing-books.json';

/** What books that are kept were made of: whoever has another of any of these cannot go on from them. */
export const booksMarkSchema = z.object({
  /** Where the log of the copy stood. */
  position: z.object({ epoch: z.string(), seq: z.int().nonnegative() }),
  /** How documents were read into columns. */
  readingBasis: z.string(),
  /** What the rules were measured by, beside the moment. */
  rulesBasis: z.string(),
});
export type BooksMark = z.infer<typeof booksMarkSchema>;

/** Books in a folder, with what they were made of. */
export interface MarkedBooks {
  readonly mark: BooksMark;
  readonly books: StandingBooks;
}

const markFileSchema = booksMarkSchema.extend({
  /** The last bytes of the view's file, which are its digest: the two files belong together. */
  viewDigest: z.string(),
  verdict: z.object({
    asOfMs: z.int(),
    findings: z.array(findingSchema),
    inputs: inputSumSchema,
    isWhole: z.boolean(),
  }),
});

/** Keeps books for the next start of the program. Errors: `disk_full`, `internal`. */
export function saveBooks(folder: string, { mark, books }: MarkedBooks): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    const pieces = encodeView(books.base.view, { source: mark.position.epoch, asOfMs: books.verdict.asOfMs });
    await writeWhole(path.join(folder, VIEW_FILE), pieces);
    const text = JSON.stringify(
      markFileSchema.parse({
        ...mark,
        viewDigest: digestOf(pieces.at(-1) ?? new Uint8Array(0)),
        verdict: books.verdict,
      }),
    );
    await writeWhole(path.join(folder, MARK_FILE), [Buffer.from(text, 'utf8')]);
  });
}

/** Opens kept books. What is damaged or not there is null: everything is read again then, and nothing is lost. */
export async function openBooks(folder: string): Promise<MarkedBooks | null> {
  const text = await readOrNull(path.join(folder, MARK_FILE));
  const bytes = text === null ? null : await readOrNull(path.join(folder, VIEW_FILE));
  if (text === null || bytes === null) return null;
  const mark = parseMark(text);
  if (!mark.ok || mark.value.viewDigest !== digestOf(bytes.subarray(-32))) return null;
  const view = decodeView(bytes, true);
  if (!view.ok) return null;
  const { verdict, position, readingBasis, rulesBasis } = mark.value;
  return {
    mark: { position, readingBasis, rulesBasis },
    books: { base: new IndexedView(view.value), verdict },
  };
}

function digestOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function parseMark(text: Uint8Array): Result<z.infer<typeof markFileSchema>, AppError> {
  try {
    return ok(markFileSchema.parse(JSON.parse(Buffer.from(text).toString('utf8'))));
  } catch (cause) {
    return err(appError('malformed_document', MARK_FILE, cause));
  }
}

async function readOrNull(file: string): Promise<Uint8Array | null> {
  try {
    return await readFile(file);
  } catch {
    // Whatever keeps it from being read, there is nothing to go on from.
    return null;
  }
}
