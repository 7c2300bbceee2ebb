import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { BenchChild } from '../child.ts';

const FILL_PROCESS = new URL('./fill-process.ts', import.meta.url);

/** A copy of seeded books in a folder, filled where it is not there yet. @returns its file */
export async function filledCopy(
  folder: string,
  { jobs, seed }: { readonly jobs: number; readonly seed: string },
): Promise<string> {
  const file = path.join(folder, `copy-${jobs}-${seed}.sqlite`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // Begun under another name: a filling that was stopped is not taken for a whole one.
  const begun = path.join(folder, 'filling.sqlite');
  for (const ending of ['', '-wal', '-shm']) rmSync(begun + ending, { force: true });
  console.error(`filling a copy of ${jobs} jobs`);
  await new BenchChild(FILL_PROCESS, [begun, String(jobs), seed]).end();
  renameSync(begun, file);
  return file;
}
