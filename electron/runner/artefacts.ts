import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { systemCodeOf } from '#domain/errors.ts';
import type { Output } from '#domain/job.ts';

/** An artefact above this size is refused, in bytes. */
const ARTEFACT_BYTES_MAX = 512 * 1024 * 1024;

const UNFINISHED = '.part';
const FOLDER = /^[0-9a-f]{2}$/;
const KEPT = /^([0-9a-f]{32})-(\d{1,6})\.[a-z0-9]{1,10}$/;
const REFERENCE = 'artefact:';

/** What an artefact belongs to, and what it will be. */
export interface ArtefactName {
  readonly jobId: string;
  readonly generationId: string;
  readonly attempt: number;
  readonly mime: string;
  readonly extension: string;
}

/** An artefact that was given its name for good. */
export interface KeptArtefact {
  /** The reference that the job keeps, where one does. */
  readonly uri: string;
  /** Of the job and the generation that it was made for, as {@link artefactDigest} says. */
  readonly digest: string;
  readonly attempt: number;
  readonly bytes: number;
  /** When it was written last, by this machine's clock. */
  readonly writtenAt: Date;
}

/** Thrown by a write that would make an artefact too large: the provider sends more than can be meant. */
export class ArtefactTooLarge extends Error {}

/** One artefact while it is written. */
export interface ArtefactWriter {
  /** Where the bytes stand until `keep`; validators read there. */
  readonly path: string;
  readonly bytes: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Everything written is on the disk and readable at `path`. */
  finish(): Promise<void>;
  /** Gives the artefact its name for good. @returns the reference that the job keeps */
  keep(): Promise<Output>;
  /** Removes what was written. Idempotent, and without effect after `keep`. */
  discard(): Promise<void>;
  /** Removes what was kept, where it is certain that no job refers to it. */
  withdraw(): Promise<void>;
}

/** A folder of artefacts, one file each. Bytes go straight to the disk and through SHA-256, never whole into memory. */
export class ArtefactFolder {
  readonly #root: string;

  /** @param root absolute; made where it is not there */
  constructor(root: string) {
    this.#root = root;
  }

  async create(name: ArtefactName): Promise<ArtefactWriter> {
    const relative = fileNameOf(name);
    const final = path.join(this.#root, relative);
    const partial = `${final}${UNFINISHED}`;
    return new FileWriter(await openNew(partial), partial, final, `${REFERENCE}${relative}`, name.mime);
  }

  /** Every artefact that was kept, whether a job refers to it or not. Files of other names are none. */
  async *kept(): AsyncIterable<KeptArtefact> {
    for (const folder of await namesIn(this.#root)) {
      if (!FOLDER.test(folder)) continue;
      for (const name of await namesIn(path.join(this.#root, folder))) {
        const [, rest, attempt] = KEPT.exec(name) ?? [];
        const found = rest === undefined ? null : await stat(path.join(this.#root, folder, name)).catch(() => null);
        // Of another name, or removed meanwhile.
        if (rest === undefined || found === null || !found.isFile()) continue;
        const uri = `${REFERENCE}${folder}/${name}`;
        const { size: bytes, mtime: writtenAt } = found;
        yield { uri, digest: `${folder}${rest}`, attempt: Number(attempt), bytes, writtenAt };
      }
    }
  }

  /** Removes a kept artefact to which it is certain that no job refers. Idempotent. */
  async remove({ uri }: Pick<KeptArtefact, 'uri'>): Promise<void> {
    const file = this.fileOf(uri);
    if (file !== null) await rm(file, { force: true });
  }

  /**
   * Removes what attempts have left that never came to their end, as those of a process that was killed.
   * @param unchangedMs so long nothing was written to it, in milliseconds: longer than any attempt may take
   */
  async removeUnfinished(unchangedMs: number, now: Date): Promise<void> {
    for (const folder of await namesIn(this.#root)) {
      if (!FOLDER.test(folder)) continue;
      for (const name of await namesIn(path.join(this.#root, folder))) {
        if (!name.endsWith(UNFINISHED)) continue;
        const file = path.join(this.#root, folder, name);
        const found = await stat(file).catch(() => null);
        // Finished or removed meanwhile by who was at work on it.
        if (found === null || now.getTime() - found.mtimeMs < unchangedMs) continue;
        await rm(file, { force: true });
      }
    }
  }

  /** The file of a reference; null for one that is not of this folder. */
  fileOf(uri: string): string | null {
    if (!uri.startsWith(REFERENCE)) return null;
    const file = path.join(this.#root, uri.slice(REFERENCE.length));
    const relative = path.relative(this.#root, file);
    return relative.startsWith('..') || path.isAbsolute(relative) ? null : file;
  }
}

/** What stands in a folder; nothing where there is none. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw cause;
  }
}

/** Opens a file to be written; its folder is made where it turns out not to be there, which is once in many files. */
async function openNew(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'w');
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT') throw cause;
    await mkdir(path.dirname(file), { recursive: true });
    return open(file, 'w');
  }
}

/** What stands for a job's generation in the names of its artefacts: ids come from outside and may hold anything. */
export function artefactDigest({ jobId, generationId }: Pick<ArtefactName, 'jobId' | 'generationId'>): string {
  return createHash('sha256').update(`${jobId}\n${generationId}`).digest('hex').slice(0, 34);
}

function fileNameOf(name: ArtefactName): string {
  const digest = artefactDigest(name);
  return `${digest.slice(0, 2)}/${digest.slice(2)}-${name.attempt}.${name.extension}`;
}

class FileWriter implements ArtefactWriter {
  readonly path: string;
  readonly #final: string;
  readonly #uri: string;
  readonly #mime: string;
  readonly #hash: Hash = createHash('sha256');
  #handle: FileHandle | null;
  #bytes = 0;
  #isKept = false;

  constructor(handle: FileHandle, partial: string, final: string, uri: string, mime: string) {
    this.#handle = handle;
    this.path = partial;
    this.#final = final;
    this.#uri = uri;
    this.#mime = mime;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#handle === null) return;
    this.#bytes += chunk.length;
    if (this.#bytes > ARTEFACT_BYTES_MAX)
      throw new ArtefactTooLarge(`The artefact is larger than ${ARTEFACT_BYTES_MAX} bytes.`);
    this.#hash.update(chunk);
    // A call may write less than it was given, on a disk that is nearly full without any error.
    for (let at = 0; at < chunk.length;) {
      const { bytesWritten } = await this.#handle.write(chunk, at);
      at += bytesWritten;
    }
  }

  async finish(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    if (handle === null) return;
    await handle.datasync();
    await handle.close();
  }

  async keep(): Promise<Output> {
    await this.finish();
    await rename(this.path, this.#final);
    this.#isKept = true;
    return { uri: this.#uri, mime: this.#mime, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async discard(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
    if (!this.#isKept) await rm(this.path, { force: true });
  }

  async withdraw(): Promise<void> {
    if (this.#isKept) await rm(this.#final, { force: true });
  }
}
