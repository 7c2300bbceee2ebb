import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { MUTATIONS } from './mutation-list.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SEEDS = 3000;

/** Runs the simulation over a copy of the program. @returns the first line that says what is wrong, null where nothing is */
async function findingOf(folder: string): Promise<string | null> {
  const args = [join(folder, 'test/faults/simulate.ts'), '--runs', String(SEEDS)];
  const { promise, resolve } = Promise.withResolvers<string | null>();
  execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
    const lines = `${stdout}${stderr}`.split('\n');
    const at = lines.findIndex((line) => line.startsWith('seed '));
    resolve(error === null ? null : `${lines[at] ?? ''} ${lines[at + 1] ?? stderr}`.trim());
  });
  return promise;
}

async function copyOfProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'runledger-mutations-'));
  for (const part of ['electron', 'test/support', 'test/faults', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/**
 * `npm run mutations`: takes one guard after the other out of a copy of the program and asks the simulation. A mutation that
 * is not found, or that no longer fits the source, makes the exit code 1.
 */
const { only } = new Command('mutations')
  .description(
    'Takes one guard after the other out of a copy of the program, and asks whether the simulation finds that it is gone.',
  )
  .option('--only <text>', 'only guards whose name contains this text', '')
  .parse()
  .opts<{ only: string }>();
const chosen = MUTATIONS.filter((mutation) => mutation.name.includes(only));
if (chosen.length === 0) {
  process.stderr.write('There is no guard whose name contains this; nothing was tried.\n');
  process.exitCode = 1;
}
const folder = await copyOfProgram();
try {
  for (const { name, file, find, replace } of chosen) {
    const path = join(folder, file);
    const source = await readFile(path, 'utf8');
    const isFitting = source.includes(find);
    await writeFile(
      path,
      source.replace(find, () => replace),
    );
    const finding = isFitting ? await findingOf(folder) : null;
    await writeFile(path, source);
    if (finding === null) process.exitCode = 1;
    console.log(`${isFitting ? (finding ?? 'NOT FOUND') : 'DOES NOT FIT'} | ${name}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
