import { FINDING_KEYS_MAX, FINDINGS_MAX, type Finding } from './finding.ts';
import type { Report, Rule } from './rule.ts';
import type { ReconcileHooks } from './reconcile.ts';
import type { SeenEntries } from './seen-entries.ts';
import { entryKeyOf, generationIdOf, periodOfCode, type LedgerView } from './view.ts';
import { periodOf } from '../ledger.ts';

type Found = { readonly case: string; readonly credits: number; readonly evidence: string };

/** Turns what a rule reports by rows into findings with ids. */
export class Reporter {
  readonly findings: Finding[] = [];
  /** How many findings each rule had, by name, also those that are not listed. */
  readonly counts = new Map<string, number>();
  readonly #view: LedgerView;
  readonly #seen: SeenEntries;
  readonly #hooks: ReconcileHooks;
  #holders: Map<number, string> | null = null;

  constructor(view: LedgerView, seen: SeenEntries, hooks: ReconcileHooks) {
    this.#hooks = hooks;
    this.#view = view;
    this.#seen = seen;
  }

  /** The report that a rule writes to. */
  of(rule: Rule): Report {
    const add = (
      found: Found,
      about: Omit<Finding, 'id' | 'rule' | 'ruleNumber' | 'case' | 'credits' | 'evidence'>,
    ): void => {
      const finding: Finding = {
        id: `${rule.name}:${found.case}:${about.subject.id}`,
        rule: rule.name,
        ruleNumber: rule.number,
        case: found.case,
        subject: about.subject,
        workspaceId: about.workspaceId,
        jobId: about.jobId,
        generationId: about.generationId,
        // -0 and 0 are one amount, and only one of them survives JSON.
        credits: found.credits + 0,
        period: about.period,
        entryKeys: about.entryKeys,
        evidence: found.evidence,
      };
      if (this.#hooks.keep?.(finding) === false) return;
      this.counts.set(rule.name, (this.counts.get(rule.name) ?? 0) + 1);
      if (this.findings.length < FINDINGS_MAX) this.findings.push(finding);
    };
    return {
      generation: (row, found) => {
        if (this.#hooks.keepsGeneration?.(row) !== false) add(found, this.#aboutGeneration(row, found.entries));
      },
      entry: (row, found) => add(found, this.#aboutEntry(row)),
      job: (row, found) => add(found, this.#aboutJob(row, found)),
      workspace: (row, found) => {
        const id = this.#view.workspaces.text(row);
        const subject = { type: 'workspace', id } as const;
        add(found, { subject, workspaceId: id, jobId: null, generationId: null, period: null, entryKeys: [] });
      },
      gone: (row, found) => add(found, this.#aboutGone(row)),
    };
  }

  #aboutGeneration(row: number, offending: readonly number[] | null) {
    const { generations, entries } = this.#view;
    const start = generations.entryStart[row] ?? 0;
    const end = generations.entryStart[row + 1] ?? 0;
    const all = offending ?? Array.from({ length: end - start }, (_, index) => start + index);
    const rows = all.toSorted((left, right) => (entries.atMs[left] ?? 0) - (entries.atMs[right] ?? 0) || left - right);
    const id = generationIdOf(this.#view, row) ?? '';
    const last = rows.at(-1);
    const startedAtMs = generations.startedAtMs[row] ?? 0;
    return {
      subject: { type: 'generation', id } as const,
      workspaceId: this.#workspaceOfGeneration(row),
      jobId: this.#jobId(generations.job[row] ?? -1),
      generationId: id,
      period: last === undefined ? periodOfMs(startedAtMs) : periodOfCode(entries.period[last] ?? 0),
      entryKeys: rows.slice(0, FINDING_KEYS_MAX).map((entry) => entryKeyOf(this.#view, entry)),
    };
  }

  #workspaceOfGeneration(row: number): string | null {
    const { generations, jobs, entries, workspaces } = this.#view;
    const job = generations.job[row] ?? -1;
    if (job >= 0 && jobs.presence[job] === 1) return workspaces.text(jobs.workspace[job] ?? 0);
    const start = generations.entryStart[row] ?? 0;
    if (start < (generations.entryStart[row + 1] ?? 0)) return workspaces.text(entries.workspace[start] ?? 0);
    return this.#holderOf(row);
  }

  /** The first of the workspaces whose accounts hold something for a generation. */
  #holderOf(generation: number): string | null {
    if (this.#holders === null) {
      const { holds, workspaces } = this.#view;
      this.#holders = new Map();
      for (let hold = 0; hold < holds.count; hold += 1) {
        const id = workspaces.text(holds.workspace[hold] ?? 0);
        const held = holds.generation[hold] ?? 0;
        const standing = this.#holders.get(held);
        if (standing === undefined || id < standing) this.#holders.set(held, id);
      }
    }
    return this.#holders.get(generation) ?? null;
  }

  #aboutEntry(row: number) {
    const { entries, workspaces } = this.#view;
    const key = entryKeyOf(this.#view, row);
    return {
      subject: { type: 'entry', id: key } as const,
      workspaceId: workspaces.text(entries.workspace[row] ?? 0),
      jobId: this.#jobId(entries.job[row] ?? -1),
      generationId: generationIdOf(this.#view, entries.generation[row] ?? 0),
      period: periodOfCode(entries.period[row] ?? 0),
      entryKeys: [key],
    };
  }

  #aboutJob(row: number, found: { readonly entryKeys: readonly string[]; readonly atMs: number }) {
    const { jobs, workspaces } = this.#view;
    const id = this.#view.jobIds.text(row);
    const generation = jobs.generation[row] ?? -1;
    return {
      subject: { type: 'job', id } as const,
      workspaceId: jobs.presence[row] === 1 ? workspaces.text(jobs.workspace[row] ?? 0) : null,
      jobId: id,
      generationId: generation < 0 ? null : generationIdOf(this.#view, generation),
      period: periodOfMs(found.atMs),
      entryKeys: found.entryKeys.slice(0, FINDING_KEYS_MAX),
    };
  }

  #aboutGone(row: number) {
    const generationHash = this.#seen.generationHash[row] ?? 0;
    const generation = findHash(this.#view.generations.hash, generationHash);
    const job = generation < 0 ? -1 : (this.#view.generations.job[generation] ?? -1);
    const generationId = generation < 0 ? null : generationIdOf(this.#view, generation);
    // Only hashes are remembered of an entry; with its generation still there they are enough to find it in a backup.
    const id = `${generationId ?? generationHash.toString(16)}#${(this.#seen.keyHash[row] ?? 0).toString(16)}`;
    return {
      subject: { type: 'entry', id } as const,
      workspaceId: generationId === null ? null : this.#workspaceOfGeneration(generation),
      jobId: this.#jobId(job),
      generationId,
      period: periodOfCode(this.#seen.period[row] ?? 0),
      entryKeys: [],
    };
  }

  #jobId(job: number): string | null {
    return job < 0 ? null : this.#view.jobIds.text(job);
  }
}

function periodOfMs(atMs: number): string {
  return periodOf(new Date(atMs));
}

/** Binary search; -1 where the hash is not there. */
function findHash(hashes: Float64Array, hash: number): number {
  let low = 0;
  let high = hashes.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const value = hashes[middle] ?? 0;
    if (value === hash) return middle;
    if (value < hash) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
