import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { medianCase } from '../../bench/figures.ts';
import { growthCase } from '../../bench/growth/growth.ts';
import {
  hasLatestFigures,
  keepRun,
  mergedRun,
  withFigures,
  type KeptReport,
  type KeptRun,
} from '../../bench/kept-results.ts';

const MARKS = ['<!-- the last kept figures -->', '<!-- end of the figures -->'] as const;
const MACHINE = { cpu: 'one', cores: 2, memoryBytes: 2 ** 30, node: 'v24', platform: 'linux x64' };

function report(benchmark: string, ours: number): KeptReport {
  const alone = { peer: null, peerName: null, ratio: null, limit: null, limitName: null, aim: 'fast', isReached: true };
  const cases = [{ name: 'a thing', unit: 'ms', ours, ...alone }];
  return { benchmark, at: '2026-11-28T10:00:00.000Z', setUp: { jobs: 5 }, commit: 'abc', args: ['--jobs', '5'], cases };
}

function run(reports: readonly KeptReport[], machine = MACHINE): KeptRun {
  return { at: '2026-11-28T10:00:00.000Z', version: '1', machine, isQuick: false, reports: [...reports] };
}

it('a benchmark that ran again takes the place of its last report, and the others stay in the order of the suite', () => {
  const merged = mergedRun(run([report('runner', 1), report('claims', 2)]), run([report('claims', 3)]));
  expect(merged.reports.map(({ benchmark, cases }) => [benchmark, cases[0]?.ours])).toEqual([
    ['claims', 3],
    ['runner', 1],
  ]);
});

it('a kept run is read again by the next part of it, and its page says how each part is repeated', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-kept-'));
  const places = { results: folder, readme: path.join(folder, 'README.md') };
  writeFileSync(places.readme, `# A\n\n${MARKS[0]}\n\nwhat was there\n\n${MARKS[1]}\n\n## B\n`);
  await keepRun(places, run([report('runner', 1)]));
  await keepRun(places, run([report('claims', 2), report('growth copy', 4)]));
  const page = readFileSync(path.join(folder, '2026-11-28.md'), 'utf8');
  expect(page).toContain('`npm run bench -- runner --jobs 5` at 2026-11-28 10:00 UTC, of abc.');
  expect(page).toContain('`npm run bench -- claims --jobs 5`');
  expect(page).toContain('`npm run bench -- growth --only copy --jobs 5`');
  expect(page).toContain('Measured on jobs 5.');
  const readme = readFileSync(places.readme, 'utf8');
  expect(readme).toMatch(/claims +\| 11-28 \| a thing \| 2 ms/);
  expect(readme).toMatch(/runner +\| 11-28 \| a thing \| 1 ms/);
  expect(readme).toContain('## B');
  expect(readme).not.toContain('what was there');
});

it('a run of one benchmark leaves the figures that another day kept of the others', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-kept-'));
  const places = { results: folder, readme: path.join(folder, 'README.md') };
  writeFileSync(places.readme, `# A\n\n${MARKS[0]}\n\n${MARKS[1]}\n`);
  await keepRun(places, run([report('runner', 1), report('claims', 2)]));
  const at = '2026-11-30T10:00:00.000Z';
  await keepRun(places, { ...run([{ ...report('claims', 3), at }]), at });
  const readme = readFileSync(places.readme, 'utf8');
  expect(readme).toMatch(/claims +\| 11-30 \| a thing \| 3 ms/);
  expect(readme).toMatch(/runner +\| 11-28 \| a thing \| 1 ms/);
  expect(await hasLatestFigures(places)).toBe(true);
});

it('a run on another machine leaves what the same day kept of the first one, and the README says which is which', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-kept-'));
  const places = { results: folder, readme: path.join(folder, 'README.md') };
  writeFileSync(places.readme, `# A\n\n${MARKS[0]}\n\n${MARKS[1]}\n`);
  await keepRun(places, run([report('runner', 1), report('claims', 2)]));
  const [at, other] = ['2026-11-28T11:00:00.000Z', { ...MACHINE, cpu: 'another' }];
  expect(await keepRun(places, { ...run([{ ...report('claims', 3), at }], other), at })).toMatch(/2026-11-28-2$/);
  expect(readFileSync(path.join(folder, '2026-11-28.md'), 'utf8')).toContain('| a thing | 2 ms |');
  const [, last = '', before = ''] = readFileSync(places.readme, 'utf8').split('Up to 2026-11-28: ');
  expect(last).toContain('2 cores of another');
  expect(last).toMatch(/claims +\| 11-28 \| a thing \| 3 ms/);
  expect(before).toContain('2 cores of one');
  expect(before).toMatch(/runner +\| 11-28 \| a thing \| 1 ms/);
  expect(before).not.toContain('claims');
  expect(await hasLatestFigures(places)).toBe(true);
});

it('a run for function only has no figure in the README', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-kept-'));
  const places = { results: folder, readme: path.join(folder, 'README.md') };
  writeFileSync(places.readme, `# A\n\n${MARKS[0]}\n\n${MARKS[1]}\n`);
  await keepRun(places, run([report('claims', 2)]));
  await keepRun(places, { ...run([report('claims', 3)]), isQuick: true });
  expect(readFileSync(places.readme, 'utf8')).toContain('| a thing | 2 ms');
});

it('a README without a place for figures is refused and left as it is', () => {
  expect(() => withFigures('# A\n', [run([report('runner', 1)])])).toThrow('no place');
});

it('a case of rounds is their medians, with what lay between', () => {
  const made = medianCase({ name: 'x', unit: 'ms', ours: [3, 1, 2], peer: [4, 6, 5], limit: [1, 1, 1] });
  expect(made).toMatchObject({ ours: 2, spread: [1, 3], peer: 5, peerSpread: [4, 6], ratio: 0.4, limit: 1 });
});

it('what costs ten times as much with ten times as many grows with exponent 1, and what only trembles is flat', () => {
  const grown = growthCase({
    name: 'x',
    of: 'rows',
    points: [
      [10, 1],
      [100, 10],
      [1000, 100],
    ],
  });
  expect(grown.ours).toBeCloseTo(1);
  expect(grown.isReached).toBe(false);
  expect(
    growthCase({
      name: 'x',
      of: 'rows',
      points: [
        [10, 0.1],
        [100, 0.3],
      ],
    }),
  ).toMatchObject({ ours: 0, isReached: true });
});
