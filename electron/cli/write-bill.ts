import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { billOfShipped, missingInBill } from './bill-of-materials.ts';
import { readBundledPackages } from './bundled-packages.ts';

const BILL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Writes what ships to dist/bill-of-materials.json: what is installed beside the bundles, and what is bundled into the page. Builds and
 * tests are left out. The bundles must stand in out/.
 * @returns the bill; null where it could not be made or lacks something that ships, which has been said then
 */
export function writeBill(root: string, say: (line: string) => void): unknown {
  const dist = path.join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  const everything = makeBill(root, []);
  const installed = everything === null ? null : makeBill(root, ['--omit', 'dev']);
  if (everything === null || installed === null) {
    say('The bill of materials could not be written; the reason stands above.');
    return null;
  }
  const bundled = readBundledPackages(path.join(root, 'out', 'bundled-packages.json'));
  const bill = billOfShipped(everything, installed, bundled);
  const missing = missingInBill(bill, JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')), bundled);
  if (missing.length > 0) {
    say(`The bill of materials lacks what ships: ${missing.join(', ')}.`);
    return null;
  }
  writeFileSync(path.join(dist, 'bill-of-materials.json'), `${JSON.stringify(bill, null, 2)}\n`);
  return bill;
}

/** Null where it could not be made, which has been said then. */
function makeBill(root: string, flags: readonly string[]): unknown {
  const tool = path.join(root, 'node_modules', '@cyclonedx', 'cyclonedx-npm', 'bin', 'cyclonedx-npm-cli.js');
  const made = spawnSync(process.execPath, [tool, ...flags, '--output-reproducible', '--output-file', '-'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: BILL_BYTES_MAX,
  });
  return made.status === 0 ? JSON.parse(made.stdout) : null;
}
