import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readInvoice } from '#console/reconciliation/invoice-file.ts';
import {
  concernOf,
  matchProviderInvoices,
  type Invoice,
  type InvoicedAttempt,
  type InvoiceMatch,
} from '#domain/reconciliation/invoice.ts';
import { expectOk } from '../../support/expect-ok.ts';

const STEP = { by: { type: 'user', id: 'ann' }, at: new Date('2026-11-02T08:00:00Z') } as const;

function read(text: string): Invoice {
  return expectOk(readInvoice({ name: 'october.csv', provider: 'demo', text }, STEP));
}

function attempt(n: number, fields: Partial<InvoicedAttempt> = {}): InvoicedAttempt {
  const startedAtMs = Date.parse('2026-10-10T10:00:00Z') + n * 3_600_000;
  return {
    jobId: `job-${n}`,
    workspaceId: 'w1',
    generationId: `g-${n}`,
    n: 1,
    acceptanceId: `acc-${n}`,
    startedAtMs,
    endedAtMs: startedAtMs + 60_000,
    costMicroUsd: 1000 * n,
    ...fields,
  };
}

function matchInvoice(invoice: Invoice, attempts: readonly InvoicedAttempt[]): InvoiceMatch {
  const match = matchProviderInvoices([invoice], attempts).get(invoice._id);
  if (match === undefined) throw new Error('every invoice has its match');
  return match;
}

function lineOf({ acceptanceId, startedAtMs, costMicroUsd }: InvoicedAttempt): string {
  const usd = ((costMicroUsd ?? 0) / 1_000_000).toFixed(6);
  return `${acceptanceId ?? ''},${new Date(startedAtMs).toISOString()},${usd}`;
}

describe('reading an invoice', () => {
  it('takes costs in dollars to the micro, exactly, and in micro where the title says so', () => {
    const cents = read('acceptance_id,time,cost_usd\na,2026-10-01T00:00:00Z,0.001234\nb,2026-10-02T00:00:00Z,$1\n');
    expect(cents.lines.map(({ costMicroUsd }) => costMicroUsd)).toEqual([1234, 1_000_000]);
    expect(read('id,amount_micro_usd\na,77\n').lines[0]?.costMicroUsd).toBe(77);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (micro) => {
        const usd = `${Math.floor(micro / 1_000_000)}.${String(micro % 1_000_000).padStart(6, '0')}`;
        return read(`id,cost\na,${usd}\n`).lines[0]?.costMicroUsd === micro;
      }),
    );
  });

  it.each([
    ['price,quantity,total', '0.5,4,2'],
    ['price,amount', '0.5,2'],
    ['amount,cost_usd', '4,2'],
  ])('takes what a line comes to for its cost, of the columns %s', (titles, values) => {
    expect(read(`id,${titles}\na,${values}\n`).lines[0]?.costMicroUsd).toBe(2_000_000);
  });

  it.each([';', '\t'])('takes %j between columns where that stands between the titles', (delimiter) => {
    const line = (...values: readonly string[]): string => `${values.join(delimiter)}\n`;
    const text = line('id', 'time', 'cost') + line('a, of b', '2026-10-01', '12.50');
    expect(read(text).lines).toEqual([
      { n: 1, acceptanceId: 'a, of b', at: new Date('2026-10-01T00:00:00Z'), costMicroUsd: 12_500_000 },
    ]);
  });

  it('takes commas in a cost for what tells thousands from one another', () => {
    const { lines } = read('id,cost\na,"$1,234.56"\nb,"12,345,678"\n');
    expect(lines.map(({ costMicroUsd }) => costMicroUsd)).toEqual([1_234_560_000, 12_345_678_000_000]);
  });

  it.each(['12.5', '0.031', '$1.2345', '"1,234.567"', '"1,234,567"'])(
    'takes a single comma for that of thousands beside the cost %s, which no other comma could stand in',
    (other) => {
      expect(read(`id,cost\na,${other}\nb,"1,234"\n`).lines[1]?.costMicroUsd).toBe(1_234_000_000);
      expect(read(`id,cost\na,"$1,234"\nb,${other}\n`).lines[0]?.costMicroUsd).toBe(1_234_000_000);
    },
  );

  it('takes a comma in micro-USD for that of thousands, for there are no fractions of them', () => {
    expect(read('id,cost_micro_usd\na,"1,234"\n').lines[0]?.costMicroUsd).toBe(1234);
  });

  it.each([
    '2026-10-01 23:30:00',
    '2026-10-01T23:30:00.000',
    '2026-10-01T23:30',
    '10/01/2026 23:30',
    'Oct 1 2026 23:30',
    '2026-10-01T23:30:00Z',
    '2026-10-02T01:30:00+02:00',
    '01 Oct 2026 23:30:00 GMT',
    '2026-10-01 23:30:00 UTC',
    '2026-10-01 23:30:00+00',
    '2026-10-02 01:30:00 +0200',
    'Oct 1 2026 18:30 -05',
    'Oct 1 2026 4:30 PM PDT',
    'Fri Oct 02 2026 08:30:00 GMT+0900 (Japan Standard Time)',
  ])('takes the time %s for the same one wherever the machine stands', (time) => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(new Date(2026, 9, 1).getTimezoneOffset()).toBe(-540);
    expect(read(`id,time,cost\na,${time},1\n`).lines[0]?.at).toEqual(new Date('2026-10-01T23:30:00Z'));
    vi.unstubAllEnvs();
  });

  it.each(['2026-10-01', '01-Oct-2026', '10-01-2026', 'Oct 1 2026'])(
    'takes the day %s to begin at the same time wherever the machine stands',
    (day) => {
      vi.stubEnv('TZ', 'Asia/Tokyo');
      expect(read(`id,date,cost\na,${day},1\n`).lines[0]?.at).toEqual(new Date('2026-10-01T00:00:00Z'));
      vi.unstubAllEnvs();
    },
  );

  it.each([
    ['a file without a cost', 'acceptance_id,time\na,2026-10-01\n', /cost_usd/],
    ['a file without a line', 'acceptance_id,cost\n', /no line/],
    ['a cost that is none', 'acceptance_id,cost\na,free\n', /line 1 below the titles: the cost/],
    ['a cost with a decimal comma', 'acceptance_id,cost\na,"0,0312"\n', /line 1 below the titles: the cost/],
    ['a cost of cents with a decimal comma', 'acceptance_id,cost\na,"12,50"\n', /line 1 below the titles: the cost/],
    [
      'a cost below one that looks like thousands',
      'acceptance_id,cost\na,"0,031"\n',
      /line 1 below the titles: the cost/,
    ],
    [
      'a cost whose thousands are told by points',
      'acceptance_id,cost\na,"1.234,56"\n',
      /line 1 below the titles: the cost/,
    ],
    [
      'a cost that may be thousands or a fraction',
      'id,cost\na,7\nb,"1,234"\n',
      /line 2 below the titles: the cost 1,234 is/,
    ],
    ['such a cost beside another', 'id,cost\na,1.234\nb,"$1,234"\n', /line 2 below the titles: the cost \$1,234 is/],
    [
      'thousands or a fraction beside semicolons',
      'id;cost\na;7\nb;1.500\n',
      /line 2 below the titles: the cost 1\.500 is/,
    ],
    ['a time that is none', 'time,cost\nsoon,1\n', /line 1 below the titles: the time/],
    [
      'a day as a spreadsheet counts it',
      'id,date,cost\na,2026-10-01,1\nb,46296,1\n',
      /line 2 below the titles: the time/,
    ],
    ['a year of five digits', 'id,date,cost\na,20226-10-01,1\n', /line 1 below the titles: the time/],
    [
      'an id that no invoice can keep',
      `id,cost\n${'a'.repeat(501)},1\n`,
      /line 1 below the titles: the id is longer than 500/,
    ],
    ['costs whose sum is not exact', `id,cost\n${'a,999999999\n'.repeat(10)}`, /add up to more than/],
    ['a line of another length', 'acceptance_id,cost\na,1,2\n', /Record Length/],
  ])('refuses %s with line and reason', (_what, text, sentence) => {
    expect(readInvoice({ name: 'x', provider: 'demo', text }, STEP)).toMatchObject({
      ok: false,
      error: { code: 'malformed_document', detail: expect.stringMatching(sentence) as unknown },
    });
  });

  it('gives the same file the same id, and another provider another', () => {
    const text = 'id,cost\na,1\n';
    expect(read(text)._id).toBe(read(text)._id);
    expect(expectOk(readInvoice({ name: 'x', provider: 'other', text }, STEP))._id).not.toBe(read(text)._id);
  });
});

describe('matching an invoice', () => {
  const attempts = [1, 2, 3, 4].map((n) => attempt(n));
  const TITLES = 'acceptance_id,time,cost_usd';

  it('finds nothing where every line has its attempt', () => {
    const invoice = read([TITLES, ...attempts.map(lineOf)].join('\n'));
    expect(matchInvoice(invoice, attempts.toReversed())).toEqual({ matched: 4, findings: [] });
  });

  it('comes to the same with the attempts alone that it can speak of', () => {
    const day = 24 * 3_600_000;
    const [fromMs, length] = [Date.parse('2026-10-01T00:00:00Z'), 5 * day];
    const ms = fc.integer({ min: fromMs - 2 * length, max: fromMs + 3 * length });
    const bought = fc
      .record({
        startedAtMs: ms,
        lastsMs: fc.option(fc.integer({ min: 0, max: day })),
        acceptanceId: fc.option(fc.constantFrom('a', 'b', 'c', 'd')),
        costMicroUsd: fc.constantFrom(1, 2, null),
      })
      .map(({ lastsMs, ...fields }) =>
        attempt(1, { ...fields, endedAtMs: lastsMs === null ? null : fields.startedAtMs + lastsMs }),
      );
    const line = fc.record({
      n: fc.integer({ min: 1, max: 99 }),
      at: fc.option(ms.map((at) => new Date(at))),
      acceptanceId: fc.option(fc.constantFrom('a', 'b', 'x')),
      costMicroUsd: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(fc.array(bought, { maxLength: 12 }), fc.array(line, { maxLength: 6 }), (all, lines) => {
        const invoice = {
          ...read('id,cost\na,1\n'),
          from: new Date(fromMs),
          to: new Date(fromMs + length),
          lines,
        };
        const some = all.filter(concernOf([invoice]));
        expect(matchInvoice(invoice, some)).toEqual(matchInvoice(invoice, all));
      }),
    );
    const invoice = read([TITLES, ...attempts.map(lineOf)].join('\n'));
    const longAgo = attempt(1, { acceptanceId: 'old', startedAtMs: fromMs - 90 * day, endedAtMs: fromMs - 89 * day });
    expect([...attempts, longAgo].filter(concernOf([invoice]))).toEqual(attempts);
  });

  it('matches a line without an id by time and amount together, and guesses nothing where two fit', () => {
    const nameless = attempts.map((one) => lineOf({ ...one, acceptanceId: null }));
    expect(matchInvoice(read([TITLES, ...nameless].join('\n')), attempts).findings).toEqual([]);
    const twins = [attempt(1), attempt(1, { jobId: 'twin', acceptanceId: 'acc-twin' })];
    const found = matchInvoice(read(`${TITLES}\n${nameless[0] ?? ''}\n`), twins);
    expect(found.matched).toBe(0);
    expect(found.findings.map(({ case: what }) => what)).toEqual([
      'attempt_unmatched',
      'attempt_unmatched',
      'line_unmatched',
    ]);
  });

  it('makes a finding of each side that is left, of an amount that differs, and of a line that comes twice', () => {
    const [first, second, third] = attempts.map(lineOf);
    const dear = lineOf(attempt(4, { costMicroUsd: 9999 }));
    const stray = 'acc-unknown,2026-10-10T12:00:00Z,0.5';
    const invoice = read([TITLES, first, second, second, dear, stray].join('\n'));
    const { matched, findings } = matchInvoice(invoice, attempts);
    expect(matched).toBe(3);
    expect(findings.map(({ case: what, jobId }) => [what, jobId])).toEqual([
      ['amount_differs', 'job-4'],
      ['attempt_unmatched', 'job-3'],
      ['line_twice', 'job-2'],
      ['line_unmatched', null],
    ]);
    expect(third).toBeDefined();
    expect(new Set(findings.map(({ id }) => id)).size).toBe(4);
  });

  it('misses no attempt of one invoice that another of the provider has, and finds what two of them charge', () => {
    const [first = '', second = '', third = '', fourth = ''] = attempts.map(lineOf);
    const outer = read([TITLES, first, fourth].join('\n'));
    const inner = read([TITLES, second, third].join('\n'));
    const whole = { matched: 2, findings: [] };
    expect([...matchProviderInvoices([inner, outer], attempts).values()]).toEqual([whole, whole]);
    const greedy = read([TITLES, second, fourth].join('\n'));
    const matches = matchProviderInvoices([greedy, outer], attempts);
    const findingsOf = (invoice: Invoice) =>
      matches.get(invoice._id)?.findings.map(({ case: what, jobId }) => [what, jobId]);
    expect(findingsOf(outer)).toEqual([['attempt_unmatched', 'job-3']]);
    expect(findingsOf(greedy)).toEqual([['line_twice', 'job-4']]);
  });

  it('misses no attempt that the provider never accepted, nor one outside the span of the invoice', () => {
    const invoice = read([TITLES, lineOf(attempt(2)), lineOf(attempt(3))].join('\n'));
    const others = [attempt(1), attempt(2), attempt(3), attempt(4), attempt(2, { jobId: 'none', acceptanceId: null })];
    expect(matchInvoice(invoice, others)).toEqual({ matched: 2, findings: [] });
  });
});
