import { z } from 'zod';
import { microUsdSchema, shownDollars } from '../credits.ts';
import { ACCEPTANCE_ID_LENGTH_MAX } from '../job.ts';
import { actorSchema, periodOf } from '../ledger.ts';
import { compareText, type Finding } from './finding.ts';
import type { RuleWords } from './rule.ts';
import { RULES } from './rules.ts';

/** The most lines of one invoice. */
export const INVOICE_LINES_MAX = 20_000;

/** One line of a provider's invoice; cost in micro-USD. */
const invoiceLineSchema = z.object({
  /** Its number in the file, counted from 1 behind the line of titles. */
  n: z.int().positive(),
  acceptanceId: z.string().max(ACCEPTANCE_ID_LENGTH_MAX).nullable(),
  at: z.date().nullable(),
  costMicroUsd: microUsdSchema,
});
export type InvoiceLine = z.infer<typeof invoiceLineSchema>;

/** A provider's invoice, kept in `provider_invoices`. Its id is the digest of its file: the same file is imported once. */
export const invoiceSchema = z.object({
  _id: z.string().min(1).max(100),
  name: z.string().min(1).max(300),
  provider: z.string().min(1).max(200),
  /** What it covers, the first and the last moment. */
  from: z.date(),
  to: z.date(),
  importedBy: actorSchema,
  importedAt: z.date(),
  lines: z.array(invoiceLineSchema).max(INVOICE_LINES_MAX),
});
export type Invoice = z.infer<typeof invoiceSchema>;

/** An attempt that bought, as far as an invoice goes; those that only collected are part of it. */
export interface InvoicedAttempt {
  readonly jobId: string;
  readonly workspaceId: string;
  readonly generationId: string;
  readonly n: number;
  readonly acceptanceId: string | null;
  readonly startedAtMs: number;
  /** Null while it is under way. */
  readonly endedAtMs: number | null;
  /** Null where nobody knows it. */
  readonly costMicroUsd: number | null;
}

/** What matching an invoice came to. */
export interface InvoiceMatch {
  /** Lines that belong to an attempt. */
  readonly matched: number;
  readonly findings: readonly Finding[];
}

/** How far the time of a line may lie outside its attempt, in milliseconds. */
const TIME_MS_MAX = 5 * 60_000;

/** The case words of the findings that an invoice leads to. */
export const INVOICE_CASES = {
  line_unmatched: 'The invoice has a line that belongs to no attempt.',
  attempt_unmatched: 'The provider has accepted the attempt, and neither the invoice of its time nor another has it.',
  amount_differs: 'Invoice and attempt do not name the same cost.',
  line_twice: 'The attempt is charged already, by another line of the invoice or by another invoice.',
} as const;

/** The findings of invoices, behind the rules of the ledger. No entry mends them: a provider's charge moves no credits of a customer. */
export const INVOICE_RULE: RuleWords = {
  number: RULES.length + 1,
  name: 'invoice_differs',
  title: 'Invoice differs from the attempts',
  sentence: 'A line of a provider’s invoice, or an attempt that it should have, has nothing on the other side.',
  evidence: 'The line of the invoice beside the attempt, by acceptance id, time and amount.',
  cases: Object.fromEntries(
    Object.entries(INVOICE_CASES).map(([name, sentence]) => [name, { sentence, mend: 'accept' }]),
  ),
};

/** An invoice while it is matched. */
interface Matching {
  readonly invoice: Invoice;
  /** Its lines that name no attempt. */
  readonly open: InvoiceLine[];
  readonly findings: Finding[];
  matched: number;
}

/** The line that an attempt is charged by. */
interface Charge {
  readonly matching: Matching;
  readonly line: InvoiceLine;
}

/**
 * Matches the invoices of one provider with the attempts there: by acceptance id; a line without one by time and amount together, where
 * exactly one attempt fits. What is left on either side is a finding, and so is an amount that differs. They are matched together, because an
 * attempt is charged once, in whichever of them: two files of one month, or two months that meet, would miss each other's.
 * @param attempts those at the invoices' provider, in any order
 * @returns by the invoice's id
 */
export function matchProviderInvoices(
  invoices: readonly Invoice[],
  attempts: readonly InvoicedAttempt[],
): ReadonlyMap<string, InvoiceMatch> {
  const matchings = invoices
    .toSorted((left, right) => left.from.getTime() - right.from.getTime() || compareText(left._id, right._id))
    .map((invoice): Matching => ({ invoice, open: [], findings: [], matched: 0 }));
  const charges = chargesById(matchings, attempts);
  addChargesByTime(matchings, attempts, charges);
  for (const [attempt, { matching, line }] of charges) {
    matching.matched += 1;
    if (attempt.costMicroUsd !== null && attempt.costMicroUsd !== line.costMicroUsd) {
      matching.findings.push(findingOf(matching.invoice, 'amount_differs', line, attempt));
    }
  }
  for (const attempt of attempts) {
    if (attempt.acceptanceId === null || charges.has(attempt)) continue;
    const covering = matchings.find(({ invoice: { from, to } }) => isWithin(attempt.startedAtMs, from, to));
    covering?.findings.push(findingOf(covering.invoice, 'attempt_unmatched', null, attempt));
  }
  return new Map(
    matchings.map(({ invoice, matched, findings }) => [
      invoice._id,
      {
        matched,
        findings: findings.toSorted(
          (left, right) => compareText(left.case, right.case) || compareText(left.subject.id, right.subject.id),
        ),
      },
    ]),
  );
}

/** What lines that name an attempt charge, the first of each; the others are findings. */
function chargesById(
  matchings: readonly Matching[],
  attempts: readonly InvoicedAttempt[],
): Map<InvoicedAttempt, Charge> {
  const byAcceptance = new Map(
    attempts.flatMap((attempt) => (attempt.acceptanceId === null ? [] : [[attempt.acceptanceId, attempt] as const])),
  );
  const charges = new Map<InvoicedAttempt, Charge>();
  for (const matching of matchings) {
    for (const line of matching.invoice.lines) {
      const attempt = line.acceptanceId === null ? undefined : byAcceptance.get(line.acceptanceId);
      if (attempt === undefined) matching.open.push(line);
      else if (charges.has(attempt)) matching.findings.push(findingOf(matching.invoice, 'line_twice', line, attempt));
      else charges.set(attempt, { matching, line });
    }
  }
  return charges;
}

/** Adds what lines without an id charge. */
function addChargesByTime(
  matchings: readonly Matching[],
  attempts: readonly InvoicedAttempt[],
  charges: Map<InvoicedAttempt, Charge>,
): void {
  const byCost = Map.groupBy(attempts, ({ costMicroUsd }) => costMicroUsd);
  for (const matching of matchings) {
    for (const line of matching.open) {
      const ofCost = byCost.get(line.costMicroUsd) ?? [];
      const attempt = line.acceptanceId === null ? findByTime(line, ofCost, charges) : undefined;
      if (attempt === undefined) matching.findings.push(findingOf(matching.invoice, 'line_unmatched', line, null));
      else charges.set(attempt, { matching, line });
    }
  }
}

function isWithin(ms: number, from: Date, to: Date): boolean {
  return ms >= from.getTime() && ms <= to.getTime();
}

/**
 * Tells of an attempt whether matching these invoices can speak of it: a line names it, or it was under way about when an invoice, or a line of
 * it, says. Of years of attempts the others need not be in memory.
 */
export function concernOf(invoices: readonly Invoice[]): (attempt: InvoicedAttempt) => boolean {
  const named = new Set(invoices.flatMap(({ lines }) => lines.flatMap(({ acceptanceId }) => acceptanceId ?? [])));
  const spans = invoices.map(({ from, to, lines }) => {
    const times = [from, to, ...lines.flatMap(({ at }) => at ?? [])].map((at) => at.getTime());
    return {
      fromMs: times.reduce((least, ms) => Math.min(least, ms)) - TIME_MS_MAX,
      toMs: times.reduce((most, ms) => Math.max(most, ms)) + TIME_MS_MAX,
    };
  });
  return ({ acceptanceId, startedAtMs, endedAtMs }) =>
    (acceptanceId !== null && named.has(acceptanceId)) ||
    spans.some(({ fromMs, toMs }) => startedAtMs <= toMs && (endedAtMs ?? Number.POSITIVE_INFINITY) >= fromMs);
}

/** The one attempt of the line's cost under way at its time; none where several fit: nothing is guessed. */
function findByTime(
  line: InvoiceLine,
  attempts: readonly InvoicedAttempt[],
  charges: ReadonlyMap<InvoicedAttempt, unknown>,
): InvoicedAttempt | undefined {
  if (line.at === null) return undefined;
  const atMs = line.at.getTime();
  const fitting = attempts.filter(
    (attempt) =>
      !charges.has(attempt) &&
      atMs >= attempt.startedAtMs - TIME_MS_MAX &&
      atMs <= (attempt.endedAtMs ?? atMs) + TIME_MS_MAX,
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function findingOf(
  invoice: Invoice,
  found: keyof typeof INVOICE_CASES,
  line: InvoiceLine | null,
  attempt: InvoicedAttempt | null,
): Finding {
  const subject =
    line === null
      ? `${invoice._id.slice(0, 12)}:${attempt?.jobId ?? ''}:${attempt?.n ?? 0}`
      : `${invoice._id.slice(0, 12)}:line ${line.n}`;
  const at = line?.at ?? (attempt === null ? invoice.from : new Date(attempt.startedAtMs));
  const words = [
    ...(line === null ? [] : [`Line ${line.n} of ${invoice.name}: ${shownDollars(line.costMicroUsd)}`]),
    ...(attempt === null
      ? []
      : [
          `attempt ${attempt.n}: ${attempt.costMicroUsd === null ? 'cost unknown' : shownDollars(attempt.costMicroUsd)}`,
        ]),
  ];
  return {
    id: `${INVOICE_RULE.name}:${found}:${subject}`,
    rule: INVOICE_RULE.name,
    ruleNumber: INVOICE_RULE.number,
    case: found,
    subject: { type: 'entry', id: subject },
    workspaceId: attempt?.workspaceId ?? null,
    jobId: attempt?.jobId ?? null,
    generationId: attempt?.generationId ?? null,
    // What a provider charges us moves no credits of a customer.
    credits: 0,
    period: periodOf(at),
    entryKeys: [],
    evidence: `${words.join('; ')}.`,
  };
}
