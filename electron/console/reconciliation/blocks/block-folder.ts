import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { appError } from '#domain/errors.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { LedgerViewBuilder, type AccountFacts } from '#domain/reconciliation/view-builder.ts';
import { NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { FailedReadingError } from '../failed-reading.ts';
import { inputSumSchema } from '../input-sum.ts';
import { decodeSeen, decodeView, encodeSeen, encodeView } from '../view-file.ts';
import { writeWhole } from '../whole-files.ts';

/** Where the blocks of a folder of runs stand. */
export const BLOCKS_FOLDER = 'blocks';
const MARK_FILE = 'blocks.json';
const ACCOUNTS_FILE = 'accounts.cols';

/** What blocks that are kept were made of, so that they are not taken for those of other books. */
export const blocksMarkSchema = z.object({
  format: z.literal(1),
  count: z.int().positive(),
  basis: z.string(),
  /** What all blocks together were made of. */
  inputs: inputSumSchema,
});
export type BlocksMark = z.infer<typeof blocksMarkSchema>;

/** A kept block with the memory that belongs to it. */
export interface KeptBlock {
  readonly block: number;
  readonly view: LedgerView;
  readonly seen: SeenEntries;
}

/**
 * Books in blocks on the disk, sorted and in columns: a process that opens them needs the memory of one block. Methods throw what the
 * disk refuses, and {@link FailedReadingError} for a file that is damaged.
 */
export class BlockFolder {
  readonly #folder: string;
  #memory = new Uint8Array(0);

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What the folder holds whole, null where it holds nothing or nothing that is whole. */
  mark(): BlocksMark | null {
    try {
      return blocksMarkSchema.parse(JSON.parse(readFileSync(path.join(this.#folder, MARK_FILE), 'utf8')));
    } catch {
      // Whatever it is, it cannot be gone on from: the books are read again.
      return null;
    }
  }

  /** From here until `complete` the folder holds nothing whole, but for what is remembered of each block. */
  begin(): void {
    mkdirSync(this.#folder, { recursive: true });
    rmSync(path.join(this.#folder, MARK_FILE), { force: true });
  }

  /** What is remembered of a block; nothing where it was never kept. */
  seenOf(block: number): SeenEntries {
    const file = path.join(this.#folder, `${block}.seen.cols`);
    if (!existsSync(file)) return NOTHING_SEEN;
    const seen = decodeSeen(readFileSync(file));
    if (!seen.ok) throw new FailedReadingError(seen.error);
    return seen.value;
  }

  async saveBlock({ block, view, seen }: KeptBlock): Promise<void> {
    await this.#write(`${block}.view.cols`, encodeView(view, { source: 'block', asOfMs: 0 }));
    await this.#write(`${block}.seen.cols`, encodeSeen(seen));
  }

  /** Accounts without what they are about to post, which stands in the blocks, and with the sum of what they hold. */
  saveAccounts(accounts: Iterable<AccountFacts>): Promise<void> {
    const builder = new LedgerViewBuilder();
    for (const account of accounts) {
      const otherHeldCredits = Object.values(account.holds).reduce((sum, { credits }) => sum + credits, 0);
      builder.addAccount({ ...account, posting: {}, holds: {}, otherHeldCredits });
    }
    return this.#write(ACCOUNTS_FILE, encodeView(builder.seal(), { source: 'accounts', asOfMs: 0 }));
  }

  complete(mark: BlocksMark): Promise<void> {
    return this.#write(MARK_FILE, [Buffer.from(JSON.stringify(blocksMarkSchema.parse(mark)))]);
  }

  accounts(): ReadonlyMap<string, AccountFacts> {
    return accountsOf(this.#view(readFileSync(path.join(this.#folder, ACCOUNTS_FILE))));
  }

  /** One block after the other. All use the same memory: what was read of a block is void once the next is asked for. */
  *blocks(count: number): Iterable<KeptBlock> {
    for (let block = 0; block < count; block += 1) {
      const files = [`${block}.view.cols`, `${block}.seen.cols`].map((name) =>
        openSync(path.join(this.#folder, name), 'r'),
      );
      try {
        const sizes = files.map((file) => fstatSync(file).size);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        // Pages that were never touched are what reading costs most: the same ones serve every block.
        if (total > this.#memory.length) this.#memory = new Uint8Array(Math.ceil(total * 1.2));
        const [view, seen] = files.map((file, index) =>
          this.#fill(file, index === 0 ? 0 : (sizes[0] ?? 0), sizes[index] ?? 0),
        );
        if (view === undefined || seen === undefined) throw new Error('there are two files a block');
        const memory = decodeSeen(seen);
        if (!memory.ok) throw new FailedReadingError(memory.error);
        yield { block, view: this.#view(view), seen: memory.value };
      } finally {
        for (const file of files) closeSync(file);
      }
    }
  }

  #fill(file: number, start: number, size: number): Uint8Array {
    for (let at = 0; at < size;) {
      const read = readSync(file, this.#memory, start + at, size - at, at);
      if (read === 0) throw new FailedReadingError(appError('malformed_document', 'a block is cut off'));
      at += read;
    }
    return this.#memory.subarray(start, start + size);
  }

  #view(bytes: Uint8Array): LedgerView {
    const view = decodeView(bytes, true);
    if (!view.ok) throw new FailedReadingError(view.error);
    return view.value;
  }

  #write(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    return writeWhole(path.join(this.#folder, name), pieces);
  }
}

function accountsOf({ accounts, workspaces }: LedgerView): ReadonlyMap<string, AccountFacts> {
  return new Map(
    Array.from({ length: workspaces.size }, (_, row) => {
      const _id = workspaces.text(row);
      const [available, held] = [accounts.available[row] ?? 0, accounts.held[row] ?? 0];
      return [_id, { _id, available, held, holds: {}, posting: {}, otherHeldCredits: accounts.otherHeld[row] ?? 0 }];
    }),
  );
}
