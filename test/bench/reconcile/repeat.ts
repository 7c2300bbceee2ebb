import type { AccountFacts } from '#domain/reconciliation/view-builder.ts';
import type { BookChanges } from '#domain/reconciliation/standing/book-changes.ts';
import { judgeAll, judgeChanges, renewView, type StandingBooks } from '#domain/reconciliation/standing/judge.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { entryKeyOf, type LedgerView } from '#domain/reconciliation/view.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { AS_OF_MS } from '../worlds/clean-job.ts';
import { SeededRandom } from '../worlds/seeded-random.ts';

/** What a repeat after changes took, in milliseconds, and whether it found what a full run finds. */
export interface RepeatResult {
  readonly changes: number;
  readonly firstMs: number;
  /** The best of the rounds behind the first. */
  readonly repeatMs: number;
  readonly isSame: boolean;
}

const ROUNDS = 4;

/** Changes so many documents of judged books (refunds and their accounts) and judges them from what changed. */
export function measureRepeat(books: StandingBooks, options: RuleOptions, changed: number): RepeatResult {
  const changes = makeChanges(books.base.view, changed);
  const { seen, ...rules } = options;
  const asked = { ...rules, memories: [seen] };
  const times: number[] = [];
  let partial = judgeChanges(books, { ...changes, entries: new Map(), accounts: new Map() }, asked);
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    partial = judgeChanges(books, changes, asked);
    times.push(performance.now() - startedAt);
  }
  const whole = judgeAll(renewView(books.base, changes), options).verdict;
  return {
    changes: changes.entries.size + changes.accounts.size,
    firstMs: times[0] ?? 0,
    repeatMs: Math.min(...times.slice(1)),
    isSame: JSON.stringify(whole) === JSON.stringify(partial.verdict),
  };
}

function makeChanges(view: LedgerView, changed: number): BookChanges {
  const random = new SeededRandom(77);
  const accounts = new Map<string, AccountFacts>();
  const entries = new Map<string, LedgerEntry>();
  while (entries.size + accounts.size < changed) {
    const row = random.between(0, view.entries.count - 1);
    const workspace = view.entries.workspace[row] ?? 0;
    const workspaceId = view.workspaces.text(workspace);
    const generationId = view.generationIds.text(view.generations.id[view.entries.generation[row] ?? 0] ?? 0);
    if (view.accounts.isPresent[workspace] !== 1 || generationId === '') continue;
    const at = new Date(AS_OF_MS - 60_000);
    const key = `${generationId}:refund:${entries.size + 50}`;
    entries.set(key, {
      _id: key,
      workspaceId,
      jobId: null,
      generationId,
      attempt: null,
      type: 'refund',
      credits: 1,
      at,
      actor: { type: 'user', id: entryKeyOf(view, row) },
      reason: 'bench',
      period: at.toISOString().slice(0, 7),
    });
    const standing = accounts.get(workspaceId) ?? accountOf(view, workspace);
    accounts.set(workspaceId, { ...standing, available: standing.available + 1 });
  }
  return { jobs: new Map(), accounts, entries, generationIds: new Set() };
}

function accountOf(view: LedgerView, workspace: number): AccountFacts {
  const { accounts, holds } = view;
  const rows = [...holds.workspace.keys()].filter((row) => holds.workspace[row] === workspace);
  return {
    _id: view.workspaces.text(workspace),
    available: accounts.available[workspace] ?? 0,
    held: accounts.held[workspace] ?? 0,
    posting: {},
    holds: Object.fromEntries(
      rows.map((row) => [
        view.generationIds.text(view.generations.id[holds.generation[row] ?? 0] ?? 0),
        { credits: holds.credits[row] ?? 0, at: new Date(holds.atMs[row] ?? 0) },
      ]),
    ),
  };
}
