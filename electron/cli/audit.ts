import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readAuditAnswer } from './audit-answer.ts';
import { buildIfStale } from './bundle.ts';
import { withQuietUsage } from './quiet-usage.ts';
import { writeBill } from './write-bill.ts';

/**
 * `npm run audit`: whether a fault is known in anything that ships. Exit statuses: 0 none is known, 1 there is one (or the bill of what
 * ships could not be made), 3 nobody could be asked, which is said and is not the same as none.
 */
const EXIT_FOUND = 1;
const EXIT_NOT_ASKED = 3;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const ASKING_MS_MAX = 120_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

withQuietUsage(new Command('npm run audit --'))
  .description(
    'Asks whether a fault is known in anything that ships. Exit status: 0 none, 1 there is one, 3 nobody could be asked.',
  )
  .parse();
process.exitCode = run();

function run(): number {
  const bill = buildIfStale(root, say) ? writeBill(root, say) : null;
  if (bill === null) return EXIT_FOUND;
  const asked = spawnSync('npm', ['audit', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: ANSWER_BYTES_MAX,
    timeout: ASKING_MS_MAX,
    // npm is a script of another name there, which no process is without a shell.
    shell: process.platform === 'win32',
  });
  const outcome = readAuditAnswer(asked.stdout ?? '', bill);
  switch (outcome.type) {
    case 'clean':
      say(`No fault is known in the ${outcome.packages} packages that ship.`);
      return 0;
    case 'found':
      for (const line of outcome.lines) say(line);
      say(`Faults are known in ${outcome.lines.length} packages that ship.`);
      return EXIT_FOUND;
    case 'not_asked':
      say(`NOT CHECKED: nobody could be asked for known faults of what ships: ${outcome.why}`);
      return EXIT_NOT_ASKED;
  }
}
