import type { MendView } from '#contract/mend-views.ts';
import {
  REQUESTS,
  requestNameSchema,
  type ParsedParams,
  type RequestName,
  type RequestResult,
} from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { FinanceLimits } from '#domain/reconciliation/limits.ts';
import { isSecondPersonNeeded, movedCreditsOf, type MendRecord } from '#domain/reconciliation/mend-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { InvoiceView } from '#contract/period-views.ts';
import type { Invoice, InvoiceMatch } from '#domain/reconciliation/invoice.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { matchInvoices } from './invoice-desk.ts';
import { readInvoice } from './invoice-file.ts';
import { readClosedBooks } from './closed-books.ts';
import type { CleanText } from './csv.ts';
import type { ReconciliationDesk } from './desk.ts';
import type { DeskServer, KeptServer } from './kept-server.ts';
import { MendDesk } from './mend-desk.ts';
import { MendPosting } from './mend-posting.ts';
import { PeriodDesk } from './period-desk.ts';
import type { ReconciliationProgress } from './read-view.ts';
import { ReviewDesk } from './review-desk.ts';
import { StatementDesk } from './statement-desk.ts';

/** The requests of the contract that the desks of finance answer. */
export type FinanceRequest = Extract<
  RequestName,
  `${'mends' | 'findings' | 'periods' | 'statements' | 'margin' | 'invoices'}.${string}`
>;

interface Asking {
  readonly actor: Actor;
  readonly signal: AbortSignal;
  /** Takes out of what is exported what is hidden from whoever asks. */
  readonly clean: CleanText;
  /** Told how far an answer is that takes long. */
  readonly onProgress: (progress: ReconciliationProgress) => void;
}

/** One answer for each request of finance: the compiler refuses a missing one. */
export type FinanceAnswers = {
  readonly [Name in FinanceRequest]: (
    params: ParsedParams<Name>,
    asking: Asking,
  ) => Promise<Result<RequestResult<Name>, AppError>>;
};

/** What the answers are made from. */
export interface FinanceParts {
  readonly desk: ReconciliationDesk;
  readonly server: KeptServer;
  readonly folder: string;
  readonly exportFolder: string;
  readonly limits: FinanceLimits;
}

/** The answers to every request about mends, findings, months and what is said of them. */
export function financeAnswers(parts: FinanceParts): FinanceAnswers {
  return {
    ...mendAnswers(parts),
    ...findingAnswers(parts),
    ...periodAnswers(parts),
    ...statementAnswers(parts),
    ...invoiceAnswers(parts),
  };
}

/** Answers a request that came by its name. Errors: `unknown_request`, `invalid_request`, those of the answer. */
export async function answerRequest(
  answers: FinanceAnswers,
  question: { readonly name: string; readonly params?: unknown; readonly actor: Actor },
  asked: Omit<Asking, 'actor'>,
): Promise<Result<unknown, AppError>> {
  const name = safeParse(requestNameSchema, question.name);
  if (!name.success || !isFinanceRequest(answers, name.data)) return err(appError('unknown_request', question.name));
  const params = safeParse(REQUESTS[name.data].params, question.params);
  if (!params.success) return err(appError('invalid_request', params.error.issues[0]?.message ?? ''));
  return callAnswer(answers, name.data, params.data, { actor: question.actor, ...asked });
}

function isFinanceRequest(answers: FinanceAnswers, name: RequestName): name is FinanceRequest {
  return Object.hasOwn(answers, name);
}

function callAnswer<Name extends FinanceRequest>(
  answers: FinanceAnswers,
  name: Name,
  params: unknown,
  asking: Asking,
): Promise<Result<unknown, AppError>> {
  // TypeScript cannot tie a looked-up answer to the schema that has just parsed its parameters (microsoft/TypeScript#30581).
  const answer: FinanceAnswers[Name] = answers[name];
  return answer(params as ParsedParams<Name>, asking);
}

type AnswersOf<Area extends string> = Pick<FinanceAnswers, Extract<FinanceRequest, `${Area}.${string}`>>;

function mendAnswers({ desk, server, limits }: FinanceParts): AnswersOf<'mends'> {
  const { mendAloneCreditsMax: limitCredits } = limits;
  const withMends = <Value>(work: (mends: MendDesk, open: DeskServer) => Promise<Result<Value, AppError>>) =>
    withServer(server, (open) => work(new MendDesk(open), open));
  const orderOf = async (
    { runId, findingIds, reason, bookedIn }: ParsedParams<'mends.preview'>,
    { actor, signal }: Asking,
  ) => {
    const findings = await desk.findingsOf(runId, findingIds);
    return findings.ok ? ok({ findings: findings.value, by: actor, reason, bookedIn, limitCredits, signal }) : findings;
  };
  return {
    'mends.preview': (params, asking) =>
      withMends(async (mends) => {
        const order = await orderOf(params, asking);
        if (!order.ok) return order;
        const rows = await mends.preview(order.value);
        return rows.ok ? ok({ rows: [...rows.value], limitCredits }) : rows;
      }),
    'mends.propose': (params, asking) =>
      withMends(async (mends) => {
        const order = await orderOf(params, asking);
        if (!order.ok) return order;
        const made = await mends.propose(order.value);
        return made.ok ? ok({ rows: made.value.map(mendViewOf) }) : made;
      }),
    'mends.list': ({ states }) =>
      withMends(async (mends, { finance }) => {
        const rows = await mends.list(states);
        if (!rows.ok) return rows;
        const waiting = await finance.mends.count('proposed');
        if (!waiting.ok) return waiting;
        const { values, malformed } = rows.value;
        return ok({ rows: values.map(mendViewOf), malformed: [...malformed], waiting: waiting.value, limitCredits });
      }),
    'mends.ofFinding': ({ findingId }) =>
      withMends(async (mends) => {
        const rows = await mends.ofFinding(findingId);
        return rows.ok ? ok({ rows: rows.value.map(mendViewOf) }) : rows;
      }),
    'mends.named': ({ mendIds }) =>
      withMends(async (mends) => {
        const rows = await mends.named(mendIds);
        return rows.ok ? ok({ rows: rows.value.map(mendViewOf) }) : rows;
      }),
    'mends.decide': ({ mendIds, decision, note }, { actor }) =>
      withMends(async (mends) => {
        const rows = await mends.decide(mendIds, decision, { by: actor, note });
        return rows.ok ? ok({ rows: [...rows.value] }) : rows;
      }),
    'mends.post': ({ mendIds }, { actor, signal }) =>
      withServer(server, async (open) => {
        const rows = await new MendPosting(open).post(mendIds, { by: actor, signal });
        return rows.ok ? ok({ rows: [...rows.value] }) : rows;
      }),
  };
}

function findingAnswers({ desk, server }: FinanceParts): AnswersOf<'findings'> {
  return {
    'findings.review': ({ runId, findingId }) =>
      withServer(server, async ({ finance }) => {
        const findings = await desk.findingsOf(runId, [findingId]);
        if (!findings.ok) return findings;
        const [finding] = findings.value;
        return finding === undefined
          ? err(appError('not_found', findingId))
          : new ReviewDesk(finance.reviews).review(finding);
      }),
    'findings.reviews': ({ runId, findingIds }) =>
      withServer(server, async ({ finance }) => {
        const findings = await desk.findingsOf(runId, findingIds);
        if (!findings.ok) return findings;
        const rows = await new ReviewDesk(finance.reviews).reviews(findings.value);
        return rows.ok ? ok({ rows: [...rows.value] }) : rows;
      }),
    'findings.act': ({ runId, findings, act }, { actor }) =>
      withServer(server, async ({ finance, reader }) => {
        const seen = new Map(findings.map(({ findingId, seenVersion }) => [findingId, seenVersion]));
        const found = await desk.findingsOf(runId, [...seen.keys()]);
        if (!found.ok) return found;
        const now = await reader.serverNow();
        if (!now.ok) return now;
        const step = { by: actor, at: now.value };
        const toReview = found.value.map((finding) => ({ finding, seenVersion: seen.get(finding.id) ?? null }));
        const rows = await new ReviewDesk(finance.reviews).act(toReview, act, step);
        return rows.ok ? ok({ rows: [...rows.value] }) : rows;
      }),
  };
}

function periodAnswers({ server, folder, limits }: FinanceParts): AnswersOf<'periods'> {
  return {
    'periods.list': () => withServer(server, (open) => new PeriodDesk(open, folder, limits).list()),
    'periods.close': ({ period }, { actor, signal, onProgress }) =>
      withServer(server, (open) =>
        new PeriodDesk(open, folder, limits).close({ period, by: actor, signal, onProgress }),
      ),
  };
}

function statementAnswers(parts: FinanceParts): AnswersOf<'statements' | 'margin'> {
  const withStatements = <Value>(work: (statements: StatementDesk) => Promise<Result<Value, AppError>>) =>
    withServer(parts.server, async ({ finance, reader }) => {
      const closed = await readClosedBooks(finance.periods, parts.folder);
      if (!closed.ok) return closed;
      return parts.desk.withBooks((books) =>
        work(new StatementDesk({ books, server: reader }, closed.value, parts.exportFolder)),
      );
    });
  return {
    'statements.get': (question, { signal }) =>
      withStatements(async (desk) => {
        const found = await desk.statements(question, signal);
        if (!found.ok) return found;
        const rows = found.value.rows.slice(0, SHOWN_MAX).map((row) => ({ ...row, spend: [...row.spend] }));
        return ok({ isClosed: found.value.isClosed, rows, total: found.value.rows.length });
      }),
    'statements.export': ({ format, ...question }, { signal, clean }) =>
      withStatements((desk) => desk.exportStatements(question, { format, clean }, signal)),
    'margin.get': ({ period }, { signal }) =>
      withStatements(async (desk) => {
        const report = await desk.margin(period, signal);
        return report.ok ? ok({ ...report.value, rows: [...report.value.rows] }) : report;
      }),
    'margin.export': ({ period, format }, { signal, clean }) =>
      withStatements((desk) => desk.exportMargin(period, { format, clean }, signal)),
  };
}

function invoiceAnswers({ desk, server }: FinanceParts): AnswersOf<'invoices'> {
  return {
    'invoices.list': (_params, { signal }) =>
      withServer(server, async ({ finance, reader }) => {
        const found = await finance.invoices.readable();
        if (!found.ok) return found;
        const { values: invoices, malformed } = found.value;
        const matches = await desk.withBooks((books) => matchInvoices({ books, server: reader }, invoices, signal));
        if (!matches.ok) return matches;
        const rows = invoices.map((invoice) => invoiceViewOf(invoice, matches.value.get(invoice._id)));
        const findings = [...matches.value.values()].flatMap((match) => match.findings);
        return ok({
          rows,
          malformed: [...malformed],
          findings: findings.slice(0, SHOWN_MAX),
          findingsTotal: findings.length,
        });
      }),
    'invoices.import': (file, { actor }) =>
      withServer(server, async ({ finance, reader }) => {
        const now = await reader.serverNow();
        if (!now.ok) return now;
        const invoice = readInvoice(file, { by: actor, at: now.value });
        if (!invoice.ok) return invoice;
        const added = await finance.invoices.add(invoice.value);
        if (!added.ok) return added;
        return ok({ invoiceId: invoice.value._id, lines: invoice.value.lines.length, isNew: added.value });
      }),
    'invoices.remove': ({ invoiceId }) =>
      withServer(server, async ({ finance }) => {
        const removed = await finance.invoices.remove(invoiceId);
        return removed.ok ? ok({}) : removed;
      }),
  };
}

function invoiceViewOf(invoice: Invoice, match: InvoiceMatch | undefined): InvoiceView {
  return {
    invoiceId: invoice._id,
    name: invoice.name,
    provider: invoice.provider,
    importedBy: invoice.importedBy.id,
    importedAtMs: invoice.importedAt.getTime(),
    lines: invoice.lines.length,
    costMicroUsd: invoice.lines.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0),
    matched: match?.matched ?? 0,
    findings: match?.findings.length ?? 0,
  };
}

/** The most statements, or findings of invoices, that a window shows at once; an export or a run has all. */
const SHOWN_MAX = 1000;

async function withServer<Value>(
  server: KeptServer,
  work: (open: DeskServer) => Promise<Result<Value, AppError>>,
): Promise<Result<Value, AppError>> {
  const open = await server.open();
  return open.ok ? work(open.value) : open;
}

/** A proposal as a window shows it. */
function mendViewOf(mend: MendRecord): MendView {
  const stepOf = (step: MendRecord['proposed']) => ({ by: step.by, atMs: step.at.getTime(), note: step.note });
  return {
    mendId: mend._id,
    findingId: mend.findingId,
    rule: mend.rule,
    evidence: mend.evidence,
    kind: mend.kind,
    workspaceId: mend.workspaceId,
    jobId: mend.jobId,
    generationId: mend.generationId,
    credits: movedCreditsOf(mend),
    isSecondPersonNeeded: isSecondPersonNeeded(mend),
    isLedgerOnly: mend.effect === 'ledger_only',
    reason: mend.reason,
    bookedIn: mend.bookedIn,
    entries: mend.entries.map(({ _id, type, credits }) => ({ key: _id, type, credits })),
    state: mend.state,
    proposed: stepOf(mend.proposed),
    decided: mend.decided === null ? null : stepOf(mend.decided),
    posted: mend.state === 'posted' && mend.posted !== null ? stepOf(mend.posted) : null,
  };
}
