import { sha256OfText } from '#cache/sha256.ts';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { ACCEPTANCE_ID_LENGTH_MAX } from '#domain/job.ts';
import { periodOf, periodSchema, type Actor } from '#domain/ledger.ts';
import { INVOICE_LINES_MAX, type Invoice, type InvoiceLine } from '#domain/reconciliation/invoice.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** Titles by which a column is known, the first that fits: beside what a line comes to, a price is that of one unit. */
const TITLES = {
  acceptanceId: [/^acceptance[ _-]?id$/i, /^(request|prediction|generation|job|order)[ _-]?id$/i, /^id$/i],
  at: [/^(created|started|completed|usage)[ _-]?(at|time|date)$/i, /^(time|date|timestamp)$/i],
  cost: [
    /^(cost|total)([ _-]?(usd|micro[ _-]?usd))?$/i,
    /^amount([ _-]?(usd|micro[ _-]?usd))?$/i,
    /^price([ _-]?(usd|micro[ _-]?usd))?$/i,
    /^(usd|micro[ _-]?usd)$/i,
  ],
} as const;

const rowsSchema = z.array(z.array(z.string())).max(INVOICE_LINES_MAX + 1);

/**
 * Reads a provider's invoice from CSV with a line of titles: acceptance id, time and cost, of which the cost and one of the others
 * must be there. Commas, semicolons or tabs stand between them. Costs are in USD with up to six decimals, or in micro-USD where the title says so.
 * Error: `malformed_document` with reason and line, counted below the titles.
 */
export function readInvoice(
  file: { readonly name: string; readonly provider: string; readonly text: string },
  step: { readonly by: Actor; readonly at: Date },
): Result<Invoice, AppError> {
  const delimiter = delimiterOf(file.text);
  const rows = readRows(file.text, delimiter);
  if (!rows.ok) return rows;
  const [titles = [], ...body] = rows.value;
  const columns = { acceptanceId: find(titles, 'acceptanceId'), at: find(titles, 'at'), cost: find(titles, 'cost') };
  if (columns.cost < 0 || (columns.acceptanceId < 0 && columns.at < 0)) {
    const wanted = 'a column "cost_usd" and one of "acceptance_id" or "time" are needed';
    return err(appError('malformed_document', `${wanted}; the titles are ${titles.join(', ')}`.slice(0, 500)));
  }
  const isMicro = /micro/i.test(titles[columns.cost] ?? '');
  // A fraction of a micro-USD is none, so that there a comma can only tell thousands.
  const isPointDecimal = isMicro || body.some((row) => POINT_DECIMAL.test(row[columns.cost] ?? ''));
  const lines: InvoiceLine[] = [];
  for (const [index, row] of body.entries()) {
    const line = readLine(row, { ...columns, isMicro, isPointDecimal, isComma: delimiter === ',' }, index + 1);
    if (!line.ok) return line;
    lines.push(line.value);
  }
  if (lines.length === 0) return err(appError('malformed_document', 'the file has no line below its titles'));
  // It would be kept, and every list of invoices would fail by its sum.
  if (!Number.isSafeInteger(lines.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0))) {
    const why = 'the costs add up to more than can be told exactly; micro-USD need a title that says so';
    return err(appError('malformed_document', why));
  }
  const times = lines.flatMap(({ at }) => (at === null ? [] : [at.getTime()]));
  return ok({
    _id: sha256OfText(`${file.provider}\n${file.text}`),
    name: file.name,
    provider: file.provider,
    // Without any time it covers no span: then nothing is missed on the side of the attempts.
    from: new Date(times.reduce((least, time) => Math.min(least, time), times[0] ?? 0)),
    to: new Date(times.reduce((most, time) => Math.max(most, time), times[0] ?? 0)),
    importedBy: step.by,
    importedAt: step.at,
    lines,
  });
}

function readRows(text: string, delimiter: string): Result<readonly (readonly string[])[], AppError> {
  try {
    const parsed: unknown = parse(text, {
      bom: true,
      delimiter,
      skip_empty_lines: true,
      trim: true,
      max_record_size: 100_000,
    });
    const rows = safeParse(rowsSchema, parsed);
    if (rows.success) return ok(rows.data);
    return err(appError('malformed_document', `more than ${INVOICE_LINES_MAX} lines`));
  } catch (cause) {
    return err(appError('malformed_document', cause instanceof Error ? cause.message.slice(0, 300) : '', cause));
  }
}

/** What stands between the titles; spreadsheets of countries with a decimal comma write semicolons. */
function delimiterOf(text: string): string {
  const [titles = ''] = text.trimStart().split('\n', 1);
  const count = (delimiter: string): number => titles.split(delimiter).length;
  return [',', ';', '\t'].reduce((most, one) => (count(one) > count(most) ? one : most));
}

function find(titles: readonly string[], field: keyof typeof TITLES): number {
  for (const title of TITLES[field]) {
    const index = titles.findIndex((text) => title.test(text));
    if (index >= 0) return index;
  }
  return -1;
}

/** Where the columns stand, and how costs are written in theirs. */
interface InvoiceColumns {
  readonly acceptanceId: number;
  readonly at: number;
  readonly cost: number;
  readonly isMicro: boolean;
  /** True where commas stand between the columns: elsewhere a point may tell thousands too. */
  readonly isComma: boolean;
  /** True where some cost shows that a point is what fractions are told by, and so a comma thousands. */
  readonly isPointDecimal: boolean;
}

/** A cost with a point that tells no thousands, or with commas that tell no fraction. */
const POINT_DECIMAL = /^\$?\s*0\.\d|,\d{3}[,.]|\.(?!\d{3}$)\d/;
/** A cost that is a thousand times another, by whether its comma tells thousands or a fraction. */
const ONE_COMMA = /^\$?\s*[1-9]\d{0,2},\d{3}$/;
/** The same of a point, in a file that comes from where a comma tells fractions. */
const ONE_POINT = /^\$?\s*[1-9]\d{0,2}\.\d{3}$/;

function readLine(row: readonly string[], columns: InvoiceColumns, n: number): Result<InvoiceLine, AppError> {
  const bad = (what: string): Result<never, AppError> =>
    err(appError('malformed_document', `line ${n} below the titles: ${what}`));
  const costText = row[columns.cost] ?? '';
  if (!columns.isPointDecimal && (ONE_COMMA.test(costText) || (!columns.isComma && ONE_POINT.test(costText)))) {
    return bad(`the cost ${costText} is thousands or a fraction, and no other tells which: write it as 1234 or 1.2340`);
  }
  const costMicroUsd = microUsdOf(costText, columns.isMicro);
  if (costMicroUsd === null) return bad(`the cost ${costText.slice(0, 40)} is no amount such as 12.50`);
  const timeText = row[columns.at] ?? '';
  const at = timeText === '' ? null : timeOf(timeText);
  if (at !== null && !isOfMonth(at)) return bad('the time is none');
  const acceptanceId = (row[columns.acceptanceId] ?? '') || null;
  // It would be kept, and every list of invoices would fail by it.
  if (acceptanceId !== null && acceptanceId.length > ACCEPTANCE_ID_LENGTH_MAX)
    return bad(`the id is longer than ${ACCEPTANCE_ID_LENGTH_MAX} characters`);
  return ok({ n, acceptanceId, at, costMicroUsd });
}

/**
 * The end of a time that names its zone, in a way that `Date` knows. A number with a sign is one only behind a time: behind a day it is the
 * year, as in `01-Oct-2026`.
 */
const ZONE =
  /(?:z|gmt|utc|\b[ecmp][sd]t|:\d{2}(?:\.\d+)?\s*(?:[ap]m)?\s*(?:gmt|utc)?[+-]\d{2}(?::?\d{2})?(?:\s*\([^()]*\))?)$/i;

/**
 * A time that names no zone is UTC: what `Date` takes it for is where the machine stands, and two machines would read one file differently.
 * An invalid date where it is no time.
 */
function timeOf(text: string): Date {
  if (ZONE.test(text)) return new Date(text);
  const isIso = /^\d{4}-\d{2}-\d{2}[T ]\d/.test(text);
  return new Date(isIso ? `${text.replace(' ', 'T')}Z` : `${text} UTC`);
}

/** True for a time in a month that can be named: what is found at another fits no schema, and every run and list of invoices would fail by it. */
function isOfMonth(at: Date): boolean {
  return !Number.isNaN(at.getTime()) && safeParse(periodSchema, periodOf(at)).success;
}

/**
 * An amount as written, exactly: a fraction in binary would be off by a micro now and then. A comma only tells thousands from one another:
 * taken out wherever it stands, it would make hundreds of dollars of three cents that are written with a decimal comma.
 */
function microUsdOf(text: string, isMicro: boolean): number | null {
  const parts = /^\$?\s*(\d{1,9}|[1-9]\d{0,2}(?:,\d{3}){1,2})(?:\.(\d{1,12}))?$/.exec(text);
  if (parts === null) return null;
  const [, grouped = '0', fraction = ''] = parts;
  const whole = Number(grouped.replaceAll(',', ''));
  if (isMicro) return fraction === '' ? whole : null;
  // Beyond six decimals a provider's own rounding begins.
  const digits = fraction.padEnd(7, '0');
  return whole * 1_000_000 + Math.round(Number(digits.slice(0, 7)) / 10);
}
