import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { counted } from '#domain/counted.ts';
import { shownCredits } from '#domain/credits.ts';
import { compareRuns, type RunComparison } from '#domain/reconciliation/comparison.ts';
import { CATALOGUE_PRICES, priceListSchema, type ListedPrice } from '#domain/reconciliation/price-list.ts';
import { SAID_RULES } from '#domain/reconciliation/said-rules.ts';
import { appError, explainError, systemCodeOf, writingError, type AppError } from '#domain/errors.ts';
import { periodSchema } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { AuditedPerson } from '#console/audit/audit-book.ts';
import { readClosedBooks } from '#console/reconciliation/closed-books.ts';
import { findingsCsv } from '#console/reconciliation/exports.ts';
import { matchInvoicesOf, withInvoiceFindings } from '#console/reconciliation/invoice-desk.ts';
import { openLastRun, saveRun } from '#console/reconciliation/memory-folder.ts';
import { runReconciliation } from '#console/reconciliation/run.ts';
import type { RunRecord } from '#console/reconciliation/run-record.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { Store } from '#store/connection.ts';
import { openProcessStore } from '#store/process-store.ts';
import { personWhoMay } from './as-person.ts';
import { EXIT_FAILED, readLens, withServerFlags, type ServerFlags } from './attached-command.ts';
import { doRecorded } from './command-audit.ts';
import type { CommandContext } from './command-context.ts';
import { filledText } from './filled-text.ts';
import { readJsonFile } from './json-file.ts';
import { readMappingFile } from './mapping-file.ts';
import { printableLine } from './printable.ts';
import { readOnlyAsked } from './read-only-asked.ts';
import { terminalSignIn } from './terminal-sign-in.ts';
import { writeNamed } from './write-named.ts';

/** Exit statuses: 0 nothing was found, 1 it could not be done, 3 there are findings. Commander itself exits 1 on wrong usage. */
const EXIT_FINDINGS = 3;

interface ReconcileFlags extends ServerFlags {
  readonly period?: string;
  readonly workspace?: string;
  readonly prices?: string;
  readonly memory?: string;
  readonly asOf?: Date;
  readonly csv?: string;
}

/** Adds `reconcile` to the program. */
export function addReconcileCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('reconcile')
      .description(
        'Holds jobs, accounts and ledger against every rule. Reads only. Exit status 3 where anything is found.',
      ),
  )
    .option('--period <month>', 'only what belongs to this month, for example 2026-10', parsePeriod)
    .option('--workspace <id>', 'only this workspace', filledText)
    .option('--prices <file>', 'the price list, JSON: [{"kind", "fromMs", "priceCredits"}]')
    .option(
      '--memory <folder>',
      'where runs are kept, to compare with the one before and to notice changed entries',
      filledText,
    )
    .option('--as-of <time>', 'the moment to speak of, to repeat a run', parseTime)
    .option('--csv <file>', 'write the findings there as CSV')
    .action(async (flags: ReconcileFlags) => context.exit(await runCommand(flags, context.signal)));
}

function parsePeriod(text: string): string {
  if (!safeParse(periodSchema, text).success) throw new InvalidArgumentError('A month such as 2026-10 is expected.');
  return text;
}

/** A day is its beginning in UTC. A time without a zone would be another moment on each machine, and a run could not be repeated. */
const momentSchema = z.iso.date().or(z.iso.datetime({ offset: true }));

function parseTime(text: string): Date {
  if (!safeParse(momentSchema, text).success) {
    throw new InvalidArgumentError('A day, or a time with its zone such as 2026-11-01T00:00:00Z, is expected.');
  }
  return new Date(text);
}

async function runCommand(flags: ReconcileFlags, signal: AbortSignal): Promise<number> {
  const done = await reconcileWith(flags, signal);
  if (!done.ok) {
    process.stderr.write(`${explainError(done.error)}\n`);
    return EXIT_FAILED;
  }
  const { record, comparison, lost } = done.value;
  process.stdout.write(flags.json ? `${JSON.stringify(jsonOf(done.value))}\n` : textOf(record, comparison));
  if (lost.length > 0) process.stderr.write(`${lostWords(lost)}\n`);
  return record.findings.length > 0 || record.isWhole === false ? EXIT_FINDINGS : 0;
}

interface Done {
  readonly record: RunRecord;
  /** Null without a memory, or where it keeps no run of this scope. */
  readonly comparison: RunComparison | null;
  /** Files of the memory that are damaged; empty without a memory. */
  readonly lost: readonly string[];
}

async function reconcileWith(flags: ReconcileFlags, signal: AbortSignal): Promise<Result<Done, AppError>> {
  const prices: Result<readonly ListedPrice[], AppError> =
    flags.prices === undefined ? ok(CATALOGUE_PRICES) : readJsonFile(flags.prices, priceListSchema);
  if (!prices.ok) return prices;
  const scope = { workspaceId: flags.workspace ?? null, period: flags.period ?? null };
  const before = flags.memory === undefined ? null : await openLastRun(flags.memory, scope);
  const mapping = readMappingFile(flags.mapping);
  if (!mapping.ok) return mapping;
  const store = await openProcessStore({
    uri: flags.uri,
    dbName: flags.db ?? null,
    mapping: mapping.value,
    appName: 'Runledger reconcile',
    signIn: terminalSignIn(flags),
    // Findings that are written to a file are an export, of which the server's audit is told.
    isReadOnly: flags.csv === undefined || readOnlyAsked() !== null,
  });
  if (!store.ok) return store;
  try {
    // Before the run, which may take minutes: whoever may not have what it comes to is told so at once.
    const person = await personWhoMay(store.value, 'reconciliation.run');
    if (!person.ok) return person;
    const exporter = flags.csv === undefined ? null : await personWhoMay(store.value, 'reconciliation.export');
    if (exporter?.ok === false) return exporter;
    const closed = await readClosedBooks(store.value.finance.periods, flags.memory ?? null);
    if (!closed.ok) return closed;
    const run = await runReconciliation(store.value.reader, {
      scope,
      prices: prices.value,
      closedPeriods: closed.value.closed.map(({ period }) => period),
      seen: closed.value.sealed,
      asOfMs: flags.asOf?.getTime() ?? null,
      chargeRule: null,
      copy: null,
      memory: flags.memory === undefined ? null : { folder: flags.memory, keeps: 'memory' },
      signal,
      onProgress: showProgress(flags.json),
    });
    if (!run.ok) return run;
    const invoices = await store.value.finance.invoices.list();
    if (!invoices.ok) return invoices;
    const matches = await matchInvoicesOf(store.value.reader, invoices.value, signal);
    if (!matches.ok) return matches;
    const record = withInvoiceFindings(run.value.record, matches.value);
    const lens = await readLens(store.value);
    if (!lens.ok) return lens;
    const clean = (text: string): string => lens.value?.clean(text) ?? text;
    if (flags.csv !== undefined && exporter !== null) {
      const by = { store: store.value, person: exporter.value };
      const exported = await exportFindings(flags, by, { record, clean, file: flags.csv });
      if (!exported.ok) return exported;
    }
    // What is kept is the run as it was; what is printed is what this person may see of it.
    const findings = record.findings.map((finding) => ({ ...finding, evidence: clean(finding.evidence) }));
    const seen = { ...record, findings };
    if (flags.memory === undefined || before === null) return ok({ record: seen, comparison: null, lost: [] });
    const saved = await saveRun(flags.memory, record);
    if (!saved.ok) return saved;
    const remembered = await run.value.remember();
    if (!remembered.ok) return remembered;
    const { lastRun } = before;
    const lost = [...run.value.lost, ...before.lost];
    const comparison = lastRun === null ? null : compareRuns(lastRun.findings, record);
    return ok({ record: seen, comparison, lost });
  } finally {
    await store.value.close();
  }
}

interface Export {
  readonly record: RunRecord;
  readonly clean: (text: string) => string;
  readonly file: string;
}

async function exportFindings(
  flags: ReconcileFlags,
  by: { readonly store: Store; readonly person: AuditedPerson },
  { record, clean, file }: Export,
): Promise<Result<void, AppError>> {
  const { period, workspace } = flags;
  return doRecorded<void>(
    flags,
    by,
    { action: 'reconciliation.export', asked: { period, workspaceId: workspace, file } },
    async () => {
      try {
        await writeNamed(file, findingsCsv(record.findings, clean));
        return ok(undefined);
      } catch (cause) {
        const code = systemCodeOf(cause) ?? 'unknown';
        if (code === 'ENOSPC') return err(writingError(`${file} could not be written`, cause));
        return err(appError('invalid_request', `--csv: ${file} cannot be written, ${code}`, cause));
      }
    },
    () => ({ rows: record.findings.length }),
  );
}

function showProgress(isJson: boolean): Parameters<typeof runReconciliation>[1]['onProgress'] {
  if (isJson || !process.stderr.isTTY) return () => undefined;
  return ({ phase, done, total }) => {
    process.stderr.write(
      `\r\u001b[K${phase} ${done}${total === null ? '' : ` of ${total}`}${phase === 'confirming' && done === total ? '\n' : ''}`,
    );
  };
}

function lostWords(lost: readonly string[]): string {
  return `damaged and set aside: ${lost.join(', ')}. Entries that were changed or removed before this run could not be told; from here on they are again.`;
}

function jsonOf({ record, comparison, lost }: Done) {
  const ids = (list: RunComparison[keyof RunComparison]): readonly string[] => list.map((finding) => finding.id);
  return {
    ...record,
    lostMemory: lost,
    comparison:
      comparison === null
        ? null
        : { new: ids(comparison.new), stillOpen: ids(comparison.stillOpen), solved: ids(comparison.solved) },
  };
}

/** How many findings of a rule are shown as text; the rest is counted. */
const SHOWN_MAX = 20;

function textOf(record: RunRecord, comparison: RunComparison | null): string {
  const { inputs } = record;
  const lines = [
    `${counted(inputs.jobs, 'job')}, ${counted(inputs.accounts, 'account')}, ${counted(inputs.entries, 'entry', 'entries')} on ${record.server}, ` +
      `as of ${new Date(record.asOfMs).toISOString()}`,
    `inputs ${record.inputDigest}`,
  ];
  for (const rule of SAID_RULES) {
    const findings = record.findings.filter((finding) => finding.rule === rule.name);
    if (findings.length === 0) continue;
    lines.push('', `${rule.number}. ${rule.title}: ${findings.length}`, `   ${rule.sentence}`);
    for (const finding of findings.slice(0, SHOWN_MAX)) {
      lines.push(
        `   ${finding.subject.type} ${finding.subject.id}  ${shownCredits(finding.credits)}  ${finding.evidence}`,
      );
    }
    if (findings.length > SHOWN_MAX) lines.push(`   and ${findings.length - SHOWN_MAX} more`);
  }
  lines.push(
    '',
    `${counted(record.findings.length, 'finding')}, ${counted(record.passed, 'difference')} only in motion`,
  );
  if (inputs.unreadableJobs > 0)
    lines.push(`nothing was said of ${counted(inputs.unreadableJobs, 'document')} that cannot be read as a job`);
  if (record.undecidedWorkspaces.length > 0) {
    lines.push(`${counted(record.undecidedWorkspaces.length, 'workspace')} kept moving; nothing was said of such sums`);
  }
  if (record.isWhole === false) {
    lines.push('there are more differences than one run looks at: those beyond are neither listed nor counted');
  }
  if (comparison !== null) {
    const { new: fresh, stillOpen, solved } = comparison;
    lines.push(`since the run before: ${fresh.length} new, ${stillOpen.length} still open, ${solved.length} solved`);
  }
  return `${lines.map(printableLine).join('\n')}\n`;
}
