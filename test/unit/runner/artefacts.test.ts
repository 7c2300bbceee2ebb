import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ArtefactFolder } from '#runner/artefacts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-artefacts-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const NAME = { jobId: 'j1', generationId: 'g1', attempt: 1, mime: 'text/plain', extension: 'txt' };
const DAY_MS = 86_400_000;

/** From now on a call writes three bytes of what it is given, as the system may. */
async function writeShort(): Promise<void> {
  const file = await open(path.join(folder, 'any'), 'w');
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const write: unknown = Reflect.get(prototype, 'write');
  if (typeof write !== 'function') throw new Error('a file can be written');
  vi.spyOn(prototype, 'write').mockImplementation(function (this: FileHandle, data: unknown, at?: unknown) {
    const from = typeof at === 'number' ? at : 0;
    if (!(data instanceof Uint8Array)) throw new TypeError('bytes are written');
    return Reflect.apply(write, this, [data, from, Math.min(3, data.length - from)]) as ReturnType<FileHandle['write']>;
  });
}

it('an artefact is whole, and its hash is that of its file, also where the system takes it in pieces', async () => {
  await writeShort();
  const text = 'Open at five, and closed when the tea is out.';
  const artefacts = new ArtefactFolder(folder);
  const writer = await artefacts.create(NAME);
  await writer.write(Buffer.from(text));
  await writer.finish();
  const { uri, sha256, bytes } = await writer.keep();
  const kept = readFileSync(artefacts.fileOf(uri) ?? '', 'utf8');
  expect(kept).toBe(text);
  expect(bytes).toBe(kept.length);
  expect(sha256).toBe(createHash('sha256').update(kept).digest('hex'));
});

it('what attempts have left that never ended is removed, and nothing that somebody works on or keeps', async () => {
  const artefacts = new ArtefactFolder(folder);
  await artefacts.removeUnfinished(DAY_MS, new Date());
  const make = async (attempt: number): Promise<string> => {
    const writer = await artefacts.create({ ...NAME, attempt });
    await writer.write(Buffer.from('tea'));
    await writer.finish();
    return writer.path;
  };
  const [left, atWork] = [await make(1), await make(2)];
  const kept = await artefacts.create({ ...NAME, attempt: 3 });
  const file = artefacts.fileOf((await kept.keep()).uri) ?? '';
  const longAgo = new Date(Date.now() - 2 * DAY_MS);
  for (const one of [left, file]) utimesSync(one, longAgo, longAgo);
  await artefacts.removeUnfinished(DAY_MS, new Date());
  expect(readdirSync(path.dirname(left)).toSorted()).toEqual(
    [atWork, file].map((one) => path.basename(one)).toSorted(),
  );
});
