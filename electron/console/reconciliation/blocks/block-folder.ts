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
import { sha256OfText } from '#cache/sha256.ts';
import { appError } from '#domain/errors.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';
import { blockVerdictsSchema, type BlockVerdicts } from '#domain/reconciliation/blocks/block-verdict.ts';
import { LedgerViewBuilder, type AccountFacts } from '#domain/reconciliation/view-builder.ts';
import { IndexedView } from '#domain/reconciliation/standing/view-index.ts';
import { mergeSeen, NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { FailedReadingError } from '#store/failed-reading.ts';
import { isAbandoned, versionAfter } from './own-files.ts';
import { decodeSeen, decodeView, encodeSeen, encodeView } from '../view-file.ts';
import { SET_ASIDE, writeWhole } from '../whole-files.ts';

/** Where the blocks of a folder of runs stand. */
export const BLOCKS_FOLDER = 'blocks';
const MARK_FILE = 'blocks.json';
const ACCOUNTS_FILE = 'accounts.cols';
const VERDICT_FILE = 'verdicts.json';

/** What blocks were made and judged by: whoever has another of any of these cannot go on from them. */
const goingSchema = z.object({
  /** Where the log of the copy stood. */
  position: z.object({ epoch: z.string(), seq: z.int().nonnegative() }),
  /** How documents were read into columns. */
  readingBasis: z.string(),
  /** What the rules were measured by, beside the moment. */
  rulesBasis: z.string(),
  asOfMs: z.int(),
  /** False where there were more findings than a run lists: then nothing can be built on the verdicts. */
  isWhole: z.boolean(),
});
export type BlocksGoing = z.infer<typeof goingSchema>;

/** What a folder of blocks says of itself. */
const blocksMarkSchema = z.object({
  format: z.literal(1),
  count: z.int().positive(),
  /** Which of the files in the folder it speaks of: those of another version are the draft of a run that did not come to its end. */
  version: z.int().nonnegative().default(0),
  /** Null where the blocks are a memory alone, and hold no books. */
  going: goingSchema.extend({ verdictDigest: z.string() }).nullable().default(null),
});
export type BlocksMark = z.infer<typeof blocksMarkSchema>;

/** Blocks that can be gone on from, with what the rules said of them. */
export interface StandingBlocks {
  readonly mark: BlocksMark;
  readonly going: BlocksGoing;
  readonly verdicts: BlockVerdicts;
  readonly accounts: KeptAccounts;
}

/** A kept block with the memory that belongs to it. */
export interface KeptBlock {
  readonly block: number;
  readonly view: LedgerView;
  readonly seen: SeenEntries;
}

/** What is remembered of a block, and the name of its file where that is damaged and nothing can be remembered. */
export interface SeenOfBlock {
  readonly seen: SeenEntries;
  readonly lost: string | null;
}

/**
 * Books in blocks on the disk, sorted and in columns: a process that opens them needs the memory of one block. What is written stands
 * beside what the folder holds until `complete` puts it in its place. Methods throw what the disk refuses, and
 * {@link FailedReadingError} for a file that is damaged.
 */
export class BlockFolder {
  /** Where it stands; it need not be there. */
  readonly path: string;
  readonly #pid: number;
  #memory = new Uint8Array(0);
  #draft = 1;

  /** @param pid of the process that writes here, told from others that do */
  constructor(folder: string, pid: number = process.pid) {
    this.path = folder;
    this.#pid = pid;
  }

  /** What the folder holds whole, null where it holds nothing or nothing that can be told. */
  mark(): BlocksMark | null {
    try {
      return blocksMarkSchema.parse(JSON.parse(readFileSync(this.#fileOf(MARK_FILE), 'utf8')));
    } catch {
      // Whatever it is, it cannot be gone on from: the books are read again, and `lostMark` says that it was there.
      return null;
    }
  }

  /** The name of the mark where it is there and damaged, and with it all that the blocks remember; null where not. */
  lostMark(): string | null {
    return existsSync(this.#fileOf(MARK_FILE)) && this.mark() === null ? MARK_FILE : null;
  }

  /**
   * Begins new blocks beside those that the folder holds, and beside those of other processes that are at it; what a run left that did
   * not come to its end goes.
   */
  begin(): void {
    mkdirSync(this.path, { recursive: true });
    const mark = this.mark();
    this.#draft = versionAfter(mark?.version ?? 0, this.#pid);
    this.#keepOnly(mark?.version ?? null);
  }

  /** What is remembered of a block; nothing where it was never kept. */
  seenOf({ version }: BlocksMark, block: number): SeenOfBlock {
    const name = nameOf(version, `${block}.seen.cols`);
    if (!existsSync(this.#fileOf(name))) return { seen: NOTHING_SEEN, lost: name };
    const seen = decodeSeen(readFileSync(this.#fileOf(name)));
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

  /** @param view null keeps the memory alone */
  async saveBlock(block: number, view: LedgerView | null, seen: SeenEntries): Promise<void> {
    if (view !== null) {
      await this.#write(nameOf(this.#draft, `${block}.view.cols`), encodeView(view, { source: 'block', asOfMs: 0 }));
    }
    await this.#write(nameOf(this.#draft, `${block}.seen.cols`), encodeSeen(seen));
  }

  /** Accounts with their reservations, without what they are about to post, which stands in the blocks. */
  saveAccounts(accounts: Iterable<AccountFacts>): Promise<void> {
    const builder = new LedgerViewBuilder();
    for (const account of accounts) builder.addAccount({ ...account, posting: {} });
    return this.#write(
      nameOf(this.#draft, ACCOUNTS_FILE),
      encodeView(builder.seal(), { source: 'accounts', asOfMs: 0 }),
    );
  }

  /**
   * Puts what was written since `begin` in the place of what the folder held, in one step.
   * @param going null where only memories were written
   * @param lost files whose memory could not be read: they are set aside and not deleted
   */
  async complete(
    count: number,
    going: { readonly mark: BlocksGoing; readonly verdicts: BlockVerdicts } | null,
    lost: readonly string[] = [],
  ): Promise<void> {
    for (const name of lost) {
      if (existsSync(this.#fileOf(name))) renameSync(this.#fileOf(name), this.#fileOf(`${name}${SET_ASIDE}`));
    }
    await this.#writeMark({ count, version: this.#draft }, going);
    this.#keepOnly(this.#draft);
  }

  /** Keeps another verdict of the same blocks. A power failure in between costs a reading of the copy, and nothing that is remembered. */
  async replaceVerdicts(mark: BlocksMark, going: BlocksGoing, verdicts: BlockVerdicts): Promise<void> {
    await this.#writeMark(mark, { mark: going, verdicts });
  }

  async #writeMark(
    { count, version }: Pick<BlocksMark, 'count' | 'version'>,
    going: { readonly mark: BlocksGoing; readonly verdicts: BlockVerdicts } | null,
  ): Promise<void> {
    let verdictDigest = '';
    if (going !== null) {
      const text = JSON.stringify(going.verdicts);
      verdictDigest = sha256OfText(text);
      await this.#write(nameOf(version, VERDICT_FILE), [Buffer.from(text)]);
    }
    const whole: BlocksMark = {
      format: 1,
      count,
      version,
      going: going === null ? null : { ...going.mark, verdictDigest },
    };
    await this.#write(MARK_FILE, [Buffer.from(JSON.stringify(whole))]);
  }

  /** What can be gone on from, null where there is nothing or where it is damaged. */
  standing(): StandingBlocks | null {
    const mark = this.mark();
    if (mark === null || mark.going === null) return null;
    try {
      const text = readFileSync(this.#fileOf(nameOf(mark.version, VERDICT_FILE)), 'utf8');
      if (sha256OfText(text) !== mark.going.verdictDigest) return null;
      const verdicts = blockVerdictsSchema.parse(JSON.parse(text));
      const accounts = new KeptAccounts(this.#view(readFileSync(this.#fileOf(nameOf(mark.version, ACCOUNTS_FILE)))));
      return verdicts.blocks.length === mark.count ? { mark, going: mark.going, verdicts, accounts } : null;
    } catch {
      // Whatever keeps it from being read, the copy has it all.
      return null;
    }
  }

  /**
   * One block after the other. All use the same memory: what was read of a block is void once the next is asked for.
   * @param memory `own` gives each block memory of its own, so that it can be kept
   */
  *blocks({ version, count }: BlocksMark, memory: 'shared' | 'own' = 'shared'): Iterable<KeptBlock> {
    for (let block = 0; block < count; block += 1) {
      const files = [`${block}.view.cols`, `${block}.seen.cols`].map((name) =>
        openSync(this.#fileOf(nameOf(version, name)), 'r'),
      );
      try {
        const sizes = files.map((file) => fstatSync(file).size);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        // Pages that were never touched are what reading costs most: the same ones serve every block.
        if (memory === 'own') this.#memory = new Uint8Array(total);
        else if (total > this.#memory.length) this.#memory = new Uint8Array(Math.ceil(total * 1.2));
        const [view, seen] = files.map((file, index) =>
          this.#fill(file, index === 0 ? 0 : (sizes[0] ?? 0), sizes[index] ?? 0),
        );
        if (view === undefined || seen === undefined) throw new Error('there are two files a block');
        const remembered = decodeSeen(seen);
        if (!remembered.ok) throw new FailedReadingError(remembered.error);
        yield { block, view: this.#view(view), seen: remembered.value };
      } finally {
        for (const file of files) closeSync(file);
        if (memory === 'own') this.#memory = new Uint8Array(0);
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
    return writeWhole(this.#fileOf(name), pieces);
  }

  #fileOf(name: string): string {
    return path.join(this.path, name);
  }

  /** Deletes the columns of every other version that nobody works on; null deletes those of all. */
  #keepOnly(version: number | null): void {
    for (const name of readdirSync(this.path)) {
      const found = COLUMNS.exec(name);
      if (found === null) continue;
      const other = Number(found[1] ?? 0);
      if (other !== version && isAbandoned(other, this.#pid)) rmSync(this.#fileOf(name), { force: true });
    }
  }
}

/** Files of a version, also while they are written; what was set aside is none. */
const COLUMNS = /^(?:v(\d+)-)?(?:(?:\d+\.view|\d+\.seen|accounts)\.cols|verdicts\.json)(?:\.new)?$/;

/** Blocks without a version were written before there were any. */
function nameOf(version: number, name: string): string {
  return version === 0 ? name : `v${version}-${name}`;
}

/** Accounts as they were kept. */
class KeptAccounts {
  readonly #books: IndexedView;
  /** By workspace, with the sum of their reservations in the place of these. */
  readonly folded: ReadonlyMap<string, AccountFacts>;

  constructor(view: LedgerView) {
    this.#books = new IndexedView(view);
    const { accounts, workspaces, holds } = view;
    const held = new Float64Array(workspaces.size);
    for (let row = 0; row < holds.count; row += 1) {
      const workspace = holds.workspace[row] ?? 0;
      held[workspace] = (held[workspace] ?? 0) + (holds.credits[row] ?? 0);
    }
    this.folded = new Map(
      Array.from({ length: workspaces.size }, (_, row) => {
        const _id = workspaces.text(row);
        const [available, all] = [accounts.available[row] ?? 0, accounts.held[row] ?? 0];
        return [_id, { _id, available, held: all, holds: {}, posting: {}, otherHeldCredits: held[row] ?? 0 }];
      }),
    );
  }

  /** An account with its reservations, null where there is none. */
  whole(workspaceId: string): AccountFacts | null {
    const folded = this.folded.get(workspaceId);
    if (folded === undefined) return null;
    const { holds, workspaces } = this.#books.view;
    const rows = this.#books.holdsOfWorkspace(workspaces.find(workspaceId));
    return {
      ...folded,
      otherHeldCredits: 0,
      holds: Object.fromEntries(
        Array.from(rows, (row) => [
          this.#books.generationIdOfHold(row),
          { credits: holds.credits[row] ?? 0, at: new Date(holds.atMs[row] ?? 0) },
        ]),
      ),
    };
  }
}
