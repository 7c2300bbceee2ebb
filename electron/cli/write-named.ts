import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes a file that somebody named, as a whole file or not at all: what stood there stays where it cannot be, and whoever may read it may
 * read the next one. What is no file itself, as a link, a pipe or a terminal, is written to as it comes. Throws what the system, or whoever
 * gives the pieces, throws.
 */
export async function writeNamed(file: string, pieces: Iterable<string>): Promise<void> {
  const found = await lstat(file).catch(() => null);
  // A name such as /dev/stdout is a link, in whose place no file must ever stand.
  if (found?.isFile() === false) return pipeline(Readable.from(pieces), createWriteStream(file));
  // Under a name that nobody has: what stands beside the place is the person's own.
  const draft = path.join(path.dirname(file), `.${randomUUID()}.part`);
  try {
    const mode = found === null ? {} : { mode: found.mode & PERMISSIONS };
    await pipeline(Readable.from(pieces), createWriteStream(draft, { flags: 'wx', flush: true, ...mode }));
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}

/** The bits of a file's mode that say who may read and write it. */
const PERMISSIONS = 0o777;
