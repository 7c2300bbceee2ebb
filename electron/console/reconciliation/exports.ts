import type { Finding } from '#domain/reconciliation/finding.ts';
import type { Statement } from '#domain/reconciliation/statements.ts';
import type { MarginLine } from '#contract/period-views.ts';
import { csvFile, seenColumns, type CleanText, type ExportColumn } from './csv.ts';
import type { ExportTable } from './export-file.ts';

const FINDING_COLUMNS: readonly ExportColumn<Finding>[] = [
  { title: 'rule_number', value: (row) => row.ruleNumber },
  { title: 'rule', value: (row) => row.rule },
  { title: 'case', value: (row) => row.case },
  { title: 'subject_type', value: (row) => row.subject.type },
  { title: 'subject', value: (row) => row.subject.id },
  { title: 'workspace', value: (row) => row.workspaceId },
  { title: 'job', value: (row) => row.jobId },
  { title: 'generation', value: (row) => row.generationId },
  { title: 'credits', value: (row) => row.credits },
  { title: 'period', value: (row) => row.period },
  { title: 'entries', value: (row) => row.entryKeys.join(' ') },
  { title: 'evidence', value: (row) => row.evidence, isWords: true },
];

/** Findings as CSV, in the order given, without what is hidden from whoever exports them. Credits in the smallest unit. */
export function findingsCsv(findings: Iterable<Finding>, clean: CleanText): Iterable<string> {
  return csvFile(seenColumns(FINDING_COLUMNS, clean), findings);
}

/** Statements as a table, one line a workspace and kind of spend; a workspace that spent nothing has one line. */
export function statementsTable(name: string, statements: Iterable<Statement>): ExportTable<StatementLine> {
  return {
    name,
    columns: [
      { title: 'workspace', value: (row) => row.statement.workspaceId },
      { title: 'period', value: (row) => row.statement.period },
      { title: 'opening', value: (row) => row.statement.opening },
      { title: 'grants', value: (row) => row.statement.grants },
      { title: 'refunds', value: (row) => row.statement.refunds },
      { title: 'adjustments', value: (row) => row.statement.adjustments },
      { title: 'closing', value: (row) => row.statement.closing },
      { title: 'late_entries', value: (row) => row.statement.lateEntries },
      { title: 'kind', value: (row) => row.spend?.kind ?? null, isWords: true },
      { title: 'spend', value: (row) => row.spend?.credits ?? 0 },
      { title: 'captures', value: (row) => row.spend?.captures ?? 0 },
    ],
    rows: [...linesOf(statements)],
  };
}

/** The margin report as a table: credits in the smallest unit, cost in micro-USD. */
export function marginTable(name: string, lines: readonly MarginLine[]): ExportTable<MarginLine> {
  return {
    name,
    columns: [
      { title: 'kind', value: (row) => row.kind, isWords: true },
      { title: 'provider', value: (row) => row.provider, isWords: true },
      { title: 'model', value: (row) => row.model, isWords: true },
      { title: 'generations', value: (row) => row.generations },
      { title: 'earned_credits', value: (row) => row.earnedCredits },
      { title: 'attempts', value: (row) => row.attempts },
      { title: 'cost_micro_usd', value: (row) => row.costMicroUsd },
      { title: 'attempts_of_unknown_cost', value: (row) => row.unknownCosts },
    ],
    rows: lines,
  };
}

/** A statement with one kind of its spend. */
export interface StatementLine {
  readonly statement: Statement;
  readonly spend: Statement['spend'][number] | null;
}

function* linesOf(statements: Iterable<Statement>): Iterable<StatementLine> {
  for (const statement of statements) {
    if (statement.spend.length === 0) yield { statement, spend: null };
    for (const spend of statement.spend) yield { statement, spend };
  }
}
