import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { appError } from '#domain/errors.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { LedgerViewBuilder, type AccountFacts } from '#domain/reconciliation/view-builder.ts';
import { mergeSeen, NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { FailedReadingError } from '../failed-reading.ts';
import { inputSumSchema } from '../input-sum.ts';
import { decodeSeen, decodeView, encodeSeen, encodeView } from '../view-file.ts';
import { SET_ASIDE, writeWhole } from '../whole-files.ts';

/** Where the blocks of a folder of runs stand. */
export const BLOCKS_FOLDER = 'blocks';
const MARK_FILE = 'blocks.json';
const ACCOUNTS_FILE = 'accounts.cols';

/** What blocks that are kept were made of, so that they are not taken for those of other books. */
export const blocksMarkSchema = z.object({
  format: z.literal(1),
  count: z.int().positive(),
  basis: z.string(),
  /** Which of the files in the folder it speaks of: those of another version are the draft of a run that did not come to its end. */
  version: z.int().nonnegative().default(0),
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

/** What is remembered of a block, and the name of its file where that is damaged and nothing can be remembered. */
export interface BlockMemory {
  readonly seen: SeenEntries;
  readonly lost: string | null;
}

/**
 * Books in blocks on the disk, sorted and in columns: a process that opens them needs the memory of one block. What is written stands
 * beside what the folder holds until `complete` puts it in its place. Methods throw what the disk refuses, and
 * {@link FailedReadingError} for a file that is damaged.
 */
export class BlockFolder {
  readonly #folder: string;
  #memory = new Uint8Array(0);
  #draft = 1;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What the folder holds whole, null where it holds nothing or nothing that can be told. */
  mark(): BlocksMark | null {
    try {
      return blocksMarkSchema.parse(JSON.parse(readFileSync(this.#path(MARK_FILE), 'utf8')));
    } catch {
      // Whatever it is, it cannot be gone on from: the books are read again, and `lostMark` says that it was there.
      return null;
    }
  }

  /** The name of the mark where it is there and damaged, and with it all that the blocks remember; null where not. */
  lostMark(): string | null {
    return existsSync(this.#path(MARK_FILE)) && this.mark() === null ? MARK_FILE : null;
  }

  /** Begins new blocks beside those that the folder holds; what a run left that did not come to its end goes. */
  begin(): void {
    mkdirSync(this.#folder, { recursive: true });
    const mark = this.mark();
    this.#draft = (mark?.version ?? 0) + 1;
    this.#keepOnly(mark?.version ?? null);
  }

  /** What is remembered of a block; nothing where it was never kept. */
  seenOf({ version }: BlocksMark, block: number): BlockMemory {
    const name = nameOf(version, `${block}.seen.cols`);
    if (!existsSync(this.#path(name))) return { seen: NOTHING_SEEN, lost: name };
    const seen = decodeSeen(readFileSync(this.#path(name)));
    return seen.ok ? { seen: seen.value, lost: null } : { seen: NOTHING_SEEN, lost: name };
  }

  /** What all blocks remember, in one memory, with the files of which nothing can be remembered. */
  seen(): { readonly seen: SeenEntries; readonly lost: readonly string[] } {
    const lostMark = this.lostMark();
    const mark = this.mark();
    if (mark === null) return { seen: NOTHING_SEEN, lost: lostMark === null ? [] : [lostMark] };
    const memories = Array.from({ length: mark.count }, (_, block) => this.seenOf(mark, block));
    let merged = memories.map(({ seen }) => seen);
    // Two by two: one after the other would copy the first block as often as there are blocks.
    while (merged.length > 1) {
      merged = merged.flatMap((memory, at) =>
        at % 2 === 0 ? [mergeSeen(memory, merged[at + 1] ?? NOTHING_SEEN)] : [],
      );
    }
    return { seen: merged[0] ?? NOTHING_SEEN, lost: memories.flatMap(({ lost }) => lost ?? []) };
  }

  async saveBlock({ block, view, seen }: KeptBlock): Promise<void> {
    await this.#write(nameOf(this.#draft, `${block}.view.cols`), encodeView(view, { source: 'block', asOfMs: 0 }));
    await this.#write(nameOf(this.#draft, `${block}.seen.cols`), encodeSeen(seen));
  }

  /** Accounts without what they are about to post, which stands in the blocks, and with the sum of what they hold. */
  saveAccounts(accounts: Iterable<AccountFacts>): Promise<void> {
    const builder = new LedgerViewBuilder();
    for (const account of accounts) {
      const otherHeldCredits = Object.values(account.holds).reduce((sum, { credits }) => sum + credits, 0);
      builder.addAccount({ ...account, posting: {}, holds: {}, otherHeldCredits });
    }
    return this.#write(
      nameOf(this.#draft, ACCOUNTS_FILE),
      encodeView(builder.seal(), { source: 'accounts', asOfMs: 0 }),
    );
  }

  /**
   * Puts what was written since `begin` in the place of what the folder held, in one step.
   * @param lost files whose memory could not be read: they are set aside and not deleted
   */
  async complete(mark: Omit<BlocksMark, 'format' | 'version'>, lost: readonly string[] = []): Promise<void> {
    for (const name of lost) {
      if (existsSync(this.#path(name))) renameSync(this.#path(name), this.#path(`${name}${SET_ASIDE}`));
    }
    const whole = blocksMarkSchema.parse({ ...mark, format: 1, version: this.#draft });
    await this.#write(MARK_FILE, [Buffer.from(JSON.stringify(whole))]);
    this.#keepOnly(whole.version);
  }

  accounts({ version }: BlocksMark): ReadonlyMap<string, AccountFacts> {
    return accountsOf(this.#view(readFileSync(this.#path(nameOf(version, ACCOUNTS_FILE)))));
  }

  /**
   * One block after the other. All use the same memory: what was read of a block is void once the next is asked for.
   * @param blocks which of them; all where nothing is said
   */
  *blocks({ version, count }: BlocksMark, blocks: Iterable<number> = upTo(count)): Iterable<KeptBlock> {
    for (const block of blocks) {
      const files = [`${block}.view.cols`, `${block}.seen.cols`].map((name) =>
        openSync(this.#path(nameOf(version, name)), 'r'),
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
    return writeWhole(this.#path(name), pieces);
  }

  #path(name: string): string {
    return path.join(this.#folder, name);
  }

  /** Deletes the columns of every other version; null deletes those of all. */
  #keepOnly(version: number | null): void {
    for (const name of readdirSync(this.#folder)) {
      const found = COLUMNS.exec(name);
      if (found !== null && Number(found[1] ?? 0) !== version) rmSync(this.#path(name), { force: true });
    }
  }
}

/** Columns of a version, also while they are written; what was set aside is none. */
const COLUMNS = /^(?:v(\d+)-)?(?:\d+\.view|\d+\.seen|accounts)\.cols(?:\.new)?$/;

/** Blocks without a version were written before there were any. */
function nameOf(version: number, name: string): string {
  return version === 0 ? name : `v${version}-${name}`;
}

function* upTo(count: number): Iterable<number> {
  for (let block = 0; block < count; block += 1) yield block;
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
