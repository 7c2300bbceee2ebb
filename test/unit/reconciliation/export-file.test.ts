import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportTable, type ExportTable } from '#console/reconciliation/export-file.ts';
import { expectOk } from '../../support/expect-ok.ts';

type Line = readonly [string, number | null, boolean];

const TABLE: ExportTable<Line> = {
  name: 'statements-2026-10-all',
  columns: [
    { title: 'workspace', value: ([text]) => text },
    { title: 'credits', value: ([, credits]) => credits },
    { title: 'closed', value: ([, , isClosed]) => isClosed },
  ],
  rows: [
    ['=HYPERLINK("http://example.test")', -5, true],
    ['<b>&amp; "x"', null, false],
    ['Grüße 日本', 9_007_199_254_740_991, true],
  ],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'runledger-export-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

/** The parts of a sheet that say what a reader sees. */
async function sheetOf(file: string): Promise<{ readonly sheet: string; readonly texts: string }> {
  const parts = unzipSync(new Uint8Array(await readFile(file)));
  const part = (name: string): string => strFromU8(parts[name] ?? new Uint8Array());
  return { sheet: part('xl/worksheets/sheet1.xml'), texts: part('xl/sharedStrings.xml') };
}

describe('an exported table', () => {
  it('is a sheet whose texts are texts, also those that begin like a formula, and whose numbers are numbers', async () => {
    const { path: file, rows } = expectOk(await exportTable(folder, TABLE, { format: 'xlsx', clean: String }));
    expect([path.basename(file), rows]).toEqual(['statements-2026-10-all.xlsx', 3]);
    const { sheet, texts } = await sheetOf(file);
    expect(sheet).not.toMatch(/<f[ >]/);
    expect(texts).toContain('=HYPERLINK(');
    expect(texts).toContain('&lt;b&gt;&amp;amp;');
    expect(texts).toContain('Grüße 日本');
    expect(sheet).toMatch(/<v>-5<\/v>/);
    expect(sheet).toMatch(/<v>9007199254740991<\/v>/);
  });

  it('is JSON with the same names and values', async () => {
    const { path: file } = expectOk(await exportTable(folder, TABLE, { format: 'json', clean: String }));
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      format: 'runledger-table-1',
      name: TABLE.name,
      rows: TABLE.rows.map(([workspace, credits, closed]) => ({ workspace, credits, closed })),
    });
  });

  it.each(['csv', 'xlsx', 'json'] as const)(
    'is as %s the same bytes whenever it is written, and nothing else is left beside it',
    async (format) => {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-01T00:00:00Z') });
      const first = expectOk(await exportTable(folder, TABLE, { format, clean: String }));
      const bytes = await readFile(first.path);
      vi.setSystemTime(new Date('2031-05-06T07:08:09Z'));
      const again = expectOk(await exportTable(folder, TABLE, { format, clean: String }));
      expect(again).toEqual(first);
      expect((await readFile(again.path)).equals(bytes)).toBe(true);
      expect(await readdir(folder)).toEqual([path.basename(first.path)]);
    },
  );
});
