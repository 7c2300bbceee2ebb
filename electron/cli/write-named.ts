import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes a file that somebody named, as a whole file or not at all: what stood there stays where it cannot be. What is no file, as a pipe
 * or a terminal, is written to as it comes. Throws what the system, or whoever gives the pieces, throws.
 */
export async function writeNamed(file: string, pieces: Iterable<string>): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() === false) return pipeline(Readable.from(pieces), createWriteStream(file));
  // Under a name that nobody has: what stands beside the place is the person's own.
  const draft = path.join(path.dirname(file), `.${randomUUID()}.part`);
  try {
    await pipeline(Readable.from(pieces), createWriteStream(draft, { flags: 'wx', flush: true }));
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}
