import { z } from 'zod';
import { formatCredits, microUsdSchema } from '../credits.ts';
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
  attempt_unmatched: 'The provider has accepted the attempt, and the invoice does not have it.',
  amount_differs: 'Invoice and attempt do not name the same cost.',
  line_twice: 'The invoice has the attempt more than once.',
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

/**
 * Matches an invoice with the attempts at its provider: by acceptance id; a line without one by time and amount together, where
 * exactly one attempt fits. What is left on either side is a finding, and so is an amount that differs.
 * @param attempts those at the invoice's provider, in any order
 */
export function matchInvoice(invoice: Invoice, attempts: readonly InvoicedAttempt[]): InvoiceMatch {
  const byAcceptance = new Map(
    attempts.flatMap((attempt) => (attempt.acceptanceId === null ? [] : [[attempt.acceptanceId, attempt] as const])),
  );
  const byCost = Map.groupBy(attempts, ({ costMicroUsd }) => costMicroUsd);
  const taken = new Map<InvoicedAttempt, InvoiceLine>();
  const findings: Finding[] = [];
  const open: InvoiceLine[] = [];
  for (const line of invoice.lines) {
    const attempt = line.acceptanceId === null ? undefined : byAcceptance.get(line.acceptanceId);
    if (attempt === undefined) open.push(line);
    else if (taken.has(attempt)) findings.push(findingOf(invoice, 'line_twice', line, attempt));
    else taken.set(attempt, line);
  }
  for (const line of open) {
    const ofCost = byCost.get(line.costMicroUsd) ?? [];
    const attempt = line.acceptanceId === null ? findByTime(line, ofCost, taken) : undefined;
    if (attempt === undefined) findings.push(findingOf(invoice, 'line_unmatched', line, null));
    else taken.set(attempt, line);
  }
  for (const [attempt, line] of taken) {
    if (attempt.costMicroUsd !== null && attempt.costMicroUsd !== line.costMicroUsd) {
      findings.push(findingOf(invoice, 'amount_differs', line, attempt));
    }
  }
  const [fromMs, toMs] = [invoice.from.getTime(), invoice.to.getTime()];
  for (const attempt of attempts) {
    const isCovered = attempt.acceptanceId !== null && attempt.startedAtMs >= fromMs && attempt.startedAtMs <= toMs;
    if (isCovered && !taken.has(attempt)) findings.push(findingOf(invoice, 'attempt_unmatched', null, attempt));
  }
  return {
    matched: taken.size,
    findings: findings.toSorted(
      (left, right) => compareText(left.case, right.case) || compareText(left.subject.id, right.subject.id),
    ),
  };
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
  taken: ReadonlyMap<InvoicedAttempt, InvoiceLine>,
): InvoicedAttempt | undefined {
  if (line.at === null) return undefined;
  const atMs = line.at.getTime();
  const fitting = attempts.filter(
    (attempt) =>
      !taken.has(attempt) &&
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
    ...(line === null ? [] : [`Line ${line.n} of ${invoice.name}: ${dollars(line.costMicroUsd)}`]),
    ...(attempt === null
      ? []
      : [`attempt ${attempt.n}: ${attempt.costMicroUsd === null ? 'cost unknown' : dollars(attempt.costMicroUsd)}`]),
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

/** Micro-USD as dollars, with every decimal that an amount of them has. */
function dollars(microUsd: number): string {
  return `$${formatCredits(microUsd, 6)}`;
}
