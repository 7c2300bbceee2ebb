import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { systemCodeOf } from '#domain/errors.ts';
import type { Output } from '#domain/job.ts';

/** An artefact above this size is refused, in bytes. */
const ARTEFACT_BYTES_MAX = 512 * 1024 * 1024;

const UNFINISHED = '.part';
const FOLDER = /^[0-9a-f]{2}$/;

/** What an artefact belongs to, and what it will be. */
export interface ArtefactName {
  readonly jobId: string;
  readonly generationId: string;
  readonly attempt: number;
  readonly mime: string;
  readonly extension: string;
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
    return new FileWriter(await openNew(partial), partial, final, `artefact:${relative}`, name.mime);
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
    if (!uri.startsWith('artefact:')) return null;
    const file = path.join(this.#root, uri.slice('artefact:'.length));
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

/** Ids are hashed into the name: they come from outside and may hold anything. */
function fileNameOf(name: ArtefactName): string {
  const digest = createHash('sha256').update(`${name.jobId}\n${name.generationId}`).digest('hex');
  return `${digest.slice(0, 2)}/${digest.slice(2, 34)}-${name.attempt}.${name.extension}`;
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
