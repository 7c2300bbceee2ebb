import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvFile, csvLine } from '#console/reconciliation/csv.ts';
import { findingsCsv, statementsTable } from '#console/reconciliation/exports.ts';
import { decodeSeen, decodeView, encodeSeen, encodeView } from '#console/reconciliation/view-file.ts';
import { IdTable } from '#domain/reconciliation/id-table.ts';
import { listedPriceAt } from '#domain/reconciliation/price-list.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { keyNumber } from '#domain/reconciliation/view-builder.ts';
import { sumInputs } from '#domain/reconciliation/standing/input-digest.ts';
import { entryKeyOf, periodCode, periodOfCode } from '#domain/reconciliation/view.ts';
import { SeededRandom } from '../../bench/worlds/seeded-random.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { ruleOptionsOf, viewOf } from '../../bench/worlds/world.ts';
import { asOlderColumns } from '../../support/older-columns.ts';
import { expectOk } from '../../support/expect-ok.ts';

const { world } = makeSeededWorld(4, { jobs: 200, workspaces: 3 }, FAULTS);

describe('a CSV file', () => {
  const FORMULAS = [
    '=1+1',
    '+1',
    '-1+2',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '  =1',
    '\u00a0=1',
    '\ufeff=1',
    '\u200b=1',
    '"=1"',
    "'=1",
    'x\n=1',
    'x;=cmd',
    'x,=cmd',
    'x\t=cmd',
    '\uff1d1+1',
    '\uff0b1',
    '\uff20SUM(1)',
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://example.test","x")',
  ];

  it.each(FORMULAS)('keeps %j from being run by a spreadsheet', (text) => {
    const [cell] = parseCsv(csvLine([text]))[0] ?? [];
    expect(cell).toBe(`'${text}`);
  });

  it.each(['plain', 'a-b', 'user@example.test', '2026-10', 'captured_twice:again:g', '', 'a=b', "it's"])(
    'leaves %j as it is',
    (text) => {
      expect(parseCsv(csvLine([text]))[0]).toEqual([text]);
    },
  );

  it('writes numbers as numbers, also negative ones', () => {
    expect(csvLine([-5, 0, 1.5, null, true])).toBe('-5,0,1.5,,true\r\n');
  });

  it('gives back every text, with at most an apostrophe in front, and no cell that begins like a formula', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
        (rows) => {
          const width = Math.min(4, ...rows.map((row) => row.length));
          const cut = rows.map((row) => row.slice(0, width));
          const text = cut.map((row) => csvLine(row)).join('');
          const cells = parseCsv(text);
          expect(cells.length).toBe(cut.length);
          cells.forEach((row, line) =>
            row.forEach((cell, column) => {
              const original = cut[line]?.[column] ?? '';
              expect([original, `'${original}`]).toContain(cell);
              expect(cell).not.toMatch(/^\s*[=+\-@]/);
            }),
          );
        },
      ),
    );
  });

  it('begins with a byte order mark and a line of titles', () => {
    const pieces = [...csvFile([{ title: 'a', value: (row: number) => row }], [1, 2])];
    expect(pieces).toEqual(['\ufeffa\r\n', '1\r\n', '2\r\n']);
  });

  it('of findings has a line for each, and of statements one for each kind of spend', () => {
    const { findings } = reconcile(viewOf(world), ruleOptionsOf(world));
    expect([...findingsCsv(findings, String)].length).toBe(findings.length + 1);
    const statement = {
      workspaceId: '=w',
      period: '2026-10',
      opening: 1,
      grants: 2,
      spend: [
        { kind: 'image', credits: 1, captures: 1 },
        { kind: 'website', credits: 1, captures: 1 },
      ],
      refunds: 0,
      adjustments: 0,
      closing: 1,
      lateEntries: 0,
    };
    const table = statementsTable('statements', [statement, { ...statement, spend: [] }]);
    const lines = [...csvFile(table.columns, table.rows)];
    expect(lines.length).toBe(4);
    expect(lines[1]?.startsWith('"\'=w",2026-10')).toBe(true);
  });
});

describe('a view in a file', () => {
  const bytes = Buffer.concat(encodeView(viewOf(world), { source: 'test', asOfMs: 0 }));

  it('comes back with the same findings and the same sum of what it was made of', () => {
    const back = expectOk(decodeView(bytes, true));
    const view = viewOf(world);
    expect(sumInputs(back)).toEqual(sumInputs(view));
    expect(reconcile(back, ruleOptionsOf(world))).toEqual(reconcile(view, ruleOptionsOf(world)));
  });

  it('is refused when any bit of it is another', () => {
    const random = new SeededRandom(7);
    for (let round = 0; round < 300; round += 1) {
      const damaged = Buffer.from(bytes);
      const at = random.between(0, damaged.length - 1);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 7));
      expect(decodeView(damaged, true)).toMatchObject({ ok: false, error: { code: 'malformed_document' } });
    }
  });

  it('is refused when it is cut off anywhere, also where its digest is not checked', () => {
    for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      expect(decodeView(cut, true).ok).toBe(false);
      expect(decodeView(cut, false).ok).toBe(false);
    }
  });

  it('of the older form, as months were closed with, is read as well, and refused when any bit of it is another', () => {
    const older = asOlderColumns(Buffer.concat(encodeSeen(world.seen)));
    expect(expectOk(decodeSeen(older))).toEqual(world.seen);
    const random = new SeededRandom(8);
    for (let round = 0; round < 300; round += 1) {
      const damaged = Buffer.from(older);
      const at = random.between(0, damaged.length - 1);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.between(0, 7));
      expect(decodeSeen(damaged)).toMatchObject({ ok: false, error: { code: 'malformed_document' } });
    }
  });

  it('is not taken for a memory of entries, nor a memory for a view', () => {
    expect(decodeSeen(bytes)).toMatchObject({ ok: false });
    const seen = Buffer.concat(encodeSeen(world.seen));
    expect(decodeView(seen, true)).toMatchObject({ ok: false });
    expect(expectOk(decodeSeen(seen))).toEqual(world.seen);
  });
});

describe('the parts of a view', () => {
  it('give every id one index and its own text back, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { maxLength: 300 }), (texts) => {
        const table = new IdTable();
        const indexes = texts.map((text) => table.intern(text));
        expect(table.size).toBe(new Set(texts).size);
        texts.forEach((text, at) => {
          expect(table.text(indexes[at] ?? -1)).toBe(text);
          expect(table.find(text)).toBe(indexes[at]);
        });
      }),
    );
  });

  it('keep half a surrogate pair as it came', () => {
    const table = new IdTable();
    const index = table.intern('a\ud83d-\udc00');
    expect(table.text(index)).toBe('a\ud83d-\udc00');
  });

  it.each([
    ['g:capture:1', 1],
    ['g:capture:19001', 19001],
    ['g:capture:0', 0],
    ['g:capture:01', 0],
    ['g:capture:', 0],
    ['g:capture:1x', 0],
    ['g:capture:-1', 0],
    ['g:capture:99999999999', 0],
    ['g:refund:1', 0],
    ['h:capture:1', 0],
    ['gg:capture:1', 0],
    ['g-capture:1', 0],
  ])('read from the key %s of a capture of g the number %i', (key, n) => {
    expect(keyNumber(key, 'g', 'capture')).toBe(n);
  });

  it('give each entry its own key back', () => {
    const view = viewOf(world);
    const keys = Array.from({ length: view.entries.count }, (_, entry) => entryKeyOf(view, entry));
    const posting = [...world.accounts.values()].flatMap((account) => Object.keys(account.posting));
    expect(keys.toSorted()).toEqual([...new Set([...world.ledger.keys(), ...posting])].toSorted());
  });

  it('count months so that they follow one another', () => {
    expect(periodOfCode(periodCode('2026-12') + 1)).toBe('2027-01');
    expect(periodOfCode(periodCode('2026-01'))).toBe('2026-01');
  });
});

describe('the price list', () => {
  const list = [
    { kind: 'a', fromMs: 200, priceCredits: 7 },
    { kind: 'a', fromMs: 100, priceCredits: 5 },
  ];
  it.each([
    ['a', 99, null],
    ['a', 100, 5],
    ['a', 199, 5],
    ['a', 200, 7],
    ['b', 200, null],
  ])('has for %s at %i the price %s', (kind, atMs, price) => {
    expect(listedPriceAt(list, kind, atMs)).toBe(price);
  });
});

/** A plain reader of RFC 4180, to hold the writer against. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += sign;
        at += 1;
      } else isQuoted = false;
    } else if (sign === '"' && cell === '') isQuoted = true;
    else if (sign === ',') {
      row.push(cell);
      cell = '';
    } else if (sign === '\r' && text[at + 1] === '\n') {
      rows.push([...row, cell]);
      row = [];
      cell = '';
      at += 1;
    } else cell += sign;
  }
  return rows;
}
