import type { MendPreview, MendResult } from '#contract/mend-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { proposeMends, type MendProposal } from '#domain/reconciliation/mends.ts';
import {
  decideMend,
  endOfMonth,
  entriesToPost,
  isSecondPersonNeeded,
  mayPost,
  OPEN_MEND_STATES,
  recordOfProposal,
  type MendRecord,
  type MendState,
} from '#domain/reconciliation/mend-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { FinanceStore } from '#store/finance-store.ts';
import { examineFindings } from './examine.ts';
import type { ReconciliationStore } from './read-view.ts';

/** The server as mends need it. */
export interface MendServer {
  readonly reader: ReconciliationStore;
  readonly finance: Pick<FinanceStore, 'mends' | 'ledger' | 'periods'>;
}

/** What somebody proposes for several findings at once. */
export interface ProposeOrder {
  readonly findings: readonly Finding[];
  readonly by: Actor;
  readonly reason: string;
  /** The month to date the entries into; null dates them to the moment of posting. */
  readonly bookedIn: string | null;
  readonly limitCredits: number;
  readonly signal: AbortSignal;
}

/** How many findings are examined or posted between two words of progress. */
const STEP = 200;

/**
 * Mends by new entries only: proposed from what the server says at that moment, decided by people, posted by the charge protocol.
 * Errors of every method, besides the connection's: `malformed_document`.
 */
export class MendDesk {
  readonly #server: MendServer;

  constructor(server: MendServer) {
    this.#server = server;
  }

  /** What proposing would write for each finding; writes nothing. In the order of the findings. */
  async preview(order: ProposeOrder): Promise<Result<readonly MendPreview[], AppError>> {
    const drafted = await this.#draft(order);
    if (!drafted.ok) return drafted;
    return ok(order.findings.map((finding) => previewOf(finding, drafted.value.get(finding.id), order.limitCredits)));
  }

  /**
   * Keeps a proposal for each finding that entries can mend. One that has an open proposal keeps that.
   * Errors: `period_closed` for a month that is closed; `invalid_request` for one that lies ahead.
   * @returns the open proposal of each finding that has one now
   */
  async propose(order: ProposeOrder): Promise<Result<readonly MendRecord[], AppError>> {
    const drafted = await this.#draft(order);
    if (!drafted.ok) return drafted;
    const fresh = [...drafted.value.values()].flatMap(({ record, open }) =>
      record === null || open !== null ? [] : [record],
    );
    const inserted = await this.#server.finance.mends.insert(fresh);
    if (!inserted.ok) return inserted;
    const ids = [...drafted.value.values()].flatMap(({ record, open }) => open?._id ?? record?._id ?? []);
    return this.#server.finance.mends.read(ids);
  }

  /** The last proposals of some states, the newest first. */
  list(states: readonly MendState[]): Promise<Result<readonly MendRecord[], AppError>> {
    return this.#server.finance.mends.list(states);
  }

  /** Every proposal of one finding, the newest last. */
  async ofFinding(findingId: string): Promise<Result<readonly MendRecord[], AppError>> {
    const found = await this.#server.finance.mends.ofFindings([findingId]);
    if (!found.ok) return found;
    return ok(found.value.toSorted((left, right) => left.proposed.at.getTime() - right.proposed.at.getTime()));
  }

  /** Approves, rejects or withdraws proposals, each on its own. @returns what became of each, in order */
  async decide(
    mendIds: readonly string[],
    decision: 'approved' | 'rejected' | 'withdrawn',
    step: { readonly by: Actor; readonly note: string },
  ): Promise<Result<readonly MendResult[], AppError>> {
    const now = await this.#server.reader.serverNow();
    if (!now.ok) return now;
    return this.#each(mendIds, async (mend) => {
      const decided = decideMend(mend, decision, { ...step, at: now.value });
      return decided.ok ? this.#replace(decided.value) : decided;
    });
  }

  /**
   * Posts proposals, each on its own: what stands already is only noted; otherwise the finding must still be what it was when it
   * was proposed. All are looked at before the first is posted, so that two mends of one generation do not hide one another.
   * Repeating it after a lost reply, or by two people at once, posts once.
   * @returns what became of each, in order
   */
  async post(
    mendIds: readonly string[],
    step: { readonly by: Actor; readonly signal: AbortSignal },
  ): Promise<Result<readonly MendResult[], AppError>> {
    const now = await this.#server.reader.serverNow();
    if (!now.ok) return now;
    const passed = await this.#findPassed(mendIds, step.signal);
    if (!passed.ok) return passed;
    return this.#each(mendIds, async (mend) => {
      if (mend.state === 'posted') return ok(mend);
      const allowed = mayPost(mend);
      if (!allowed.ok) return allowed;
      if (passed.value.has(mend._id)) {
        return err(
          appError(
            'write_conflict',
            'the finding is no longer what was proposed for; withdraw it and run the rules again',
          ),
        );
      }
      step.signal.throwIfAborted();
      const written = await this.#write(mend, now.value);
      if (!written.ok) return written;
      const posted = { by: step.by, at: now.value, note: '' };
      return this.#replace({ ...mend, state: 'posted', posted, version: mend.version + 1 });
    });
  }

  /** The proposals that nothing of was posted yet and whose finding is not there as it was: mending it would be a new fault. */
  async #findPassed(mendIds: readonly string[], signal: AbortSignal): Promise<Result<ReadonlySet<string>, AppError>> {
    const { mends, ledger } = this.#server.finance;
    const passed = new Set<string>();
    for (let start = 0; start < mendIds.length; start += STEP) {
      const read = await mends.read(mendIds.slice(start, start + STEP));
      if (!read.ok) return read;
      const open = read.value.filter(({ state }) => OPEN_MEND_STATES.includes(state));
      const standing = await ledger.readEntries(open.flatMap(({ entries }) => entries.map(({ _id }) => _id)));
      if (!standing.ok) return standing;
      const keys = new Set(standing.value.map(({ _id }) => _id));
      const fresh = open.filter(({ entries }) => !entries.some(({ _id }) => keys.has(_id)));
      const examined = await examineFindings(this.#examination(), fresh.map(findingOfMend), signal);
      if (!examined.ok) return examined;
      for (const mend of fresh) {
        const now = examined.value.found.get(mend.findingId);
        // What is still in motion may change its amount and is settled all the same.
        const isSame = now !== undefined && (mend.effect === 'settle' || Math.abs(now.credits) === mend.credits);
        if (!isSame) passed.add(mend._id);
      }
    }
    return ok(passed);
  }

  async #write(mend: MendRecord, at: Date): Promise<Result<void, AppError>> {
    const { ledger } = this.#server.finance;
    const written =
      mend.effect === 'settle'
        ? await ledger.settle(mend.workspaceId, mend.jobId)
        : mend.effect === 'ledger_only'
          ? await this.#explain(mend, at)
          : await ledger.post(mend.workspaceId, entriesToPost(mend, at));
    if (!written.ok) return written;
    return mend.jobId === null ? ok(undefined) : ledger.alignFigures(mend.jobId);
  }

  /** An explanation is dated as any entry: not into a closed month. */
  async #explain(mend: MendRecord, at: Date): Promise<Result<void, AppError>> {
    const open = await this.#isOpenMonth(mend.bookedIn, at);
    return open.ok ? this.#server.finance.ledger.explain(entriesToPost(mend, at)) : open;
  }

  async #each(
    mendIds: readonly string[],
    act: (mend: MendRecord) => Promise<Result<MendRecord, AppError>>,
  ): Promise<Result<readonly MendResult[], AppError>> {
    const read = await this.#server.finance.mends.read(mendIds);
    if (!read.ok) return read;
    const byId = new Map(read.value.map((mend) => [mend._id, mend]));
    const results: MendResult[] = [];
    for (const id of mendIds) {
      const mend = byId.get(id);
      const done = mend === undefined ? err(appError('not_found', id)) : await act(mend);
      results.push({
        mendId: id,
        state: done.ok ? done.value.state : (mend?.state ?? null),
        error: done.ok ? null : { code: done.error.code, detail: done.error.detail },
      });
    }
    return ok(results);
  }

  async #replace(next: MendRecord): Promise<Result<MendRecord, AppError>> {
    const written = await this.#server.finance.mends.replace(next);
    if (!written.ok) return written;
    if (written.value) return ok(next);
    const read = await this.#server.finance.mends.read([next._id]);
    if (!read.ok) return read;
    const [now] = read.value;
    // Two who did the same in one moment have both done it.
    return now?.state === next.state
      ? ok(now)
      : err(appError('write_conflict', `the proposal is ${now?.state ?? 'gone'}`));
  }

  async #draft(order: ProposeOrder): Promise<Result<ReadonlyMap<string, Draft>, AppError>> {
    const now = await this.#server.reader.serverNow();
    if (!now.ok) return now;
    const open = await this.#isOpenMonth(order.bookedIn, now.value);
    if (!open.ok) return open;
    const at = order.bookedIn === null ? now.value : endOfMonth(order.bookedIn);
    const drafts = new Map<string, Draft>();
    for (let start = 0; start < order.findings.length; start += STEP) {
      const findings = order.findings.slice(start, start + STEP);
      const earlier = await this.#server.finance.mends.ofFindings(findings.map(({ id }) => id));
      if (!earlier.ok) return earlier;
      const examined = await examineFindings(this.#examination(), findings, order.signal);
      if (!examined.ok) return examined;
      const { view, found } = examined.value;
      const proposals = proposeMends(view, [...found.values()], { at, actor: order.by });
      const mendsOf = Map.groupBy(earlier.value, ({ findingId }) => findingId);
      for (const proposal of proposals) {
        const finding = found.get(proposal.findingId);
        if (finding === undefined) continue;
        const before = mendsOf.get(finding.id) ?? [];
        const record = recordOfProposal(proposal, finding, {
          by: order.by,
          at: now.value,
          reason: order.reason === '' ? proposal.reason : order.reason,
          bookedIn: order.bookedIn,
          limitCredits: order.limitCredits,
          earlier: before.length,
        });
        const standing = before.find(({ state }) => OPEN_MEND_STATES.includes(state)) ?? null;
        drafts.set(finding.id, { proposal, record, open: standing });
      }
    }
    return ok(drafts);
  }

  async #isOpenMonth(period: string | null, now: Date): Promise<Result<void, AppError>> {
    if (period === null) return ok(undefined);
    if (period > now.toISOString().slice(0, 7)) return err(appError('invalid_request', `${period} has not begun`));
    const closed = await this.#server.finance.periods.list();
    if (!closed.ok) return closed;
    const isClosed = closed.value.some((record) => period <= record.period);
    return isClosed ? err(appError('period_closed', period)) : ok(undefined);
  }

  #examination() {
    return { reader: this.#server.reader, ledger: this.#server.finance.ledger };
  }
}

interface Draft {
  readonly proposal: MendProposal;
  /** Null where no entry can mend it. */
  readonly record: MendRecord | null;
  /** The proposal of it that is open already. */
  readonly open: MendRecord | null;
}

function previewOf(finding: Finding, draft: Draft | undefined, limitCredits: number): MendPreview {
  const base = { findingId: finding.id, workspaceId: finding.workspaceId, jobId: finding.jobId };
  const nothing = { ...base, kind: 'accept' as const, credits: 0, isSecondPersonNeeded: false, entries: [] };
  if (draft === undefined) return { ...nothing, outcome: 'gone' };
  if (draft.record === null) return { ...nothing, outcome: 'by_hand' };
  const { kind, credits, entries } = draft.record;
  return {
    ...base,
    kind,
    credits,
    isSecondPersonNeeded: isSecondPersonNeeded({ credits, limitCredits }),
    entries: entries.map((entry) => ({ key: entry._id, type: entry.type, credits: entry.credits })),
    outcome: draft.open === null ? 'proposes' : 'open_already',
  };
}

/** As much of a finding as it takes to look at it again, from what its proposal remembers. */
function findingOfMend(mend: MendRecord): Finding {
  const [rule = '', found = '', ...subject] = mend.findingId.split(':');
  const id = subject.join(':');
  const type =
    mend.generationId === id
      ? 'generation'
      : mend.jobId === id
        ? 'job'
        : mend.workspaceId === id
          ? 'workspace'
          : 'entry';
  return {
    id: mend.findingId,
    rule,
    ruleNumber: 1,
    case: found,
    subject: { type, id },
    workspaceId: mend.workspaceId,
    jobId: mend.jobId,
    generationId: mend.generationId,
    credits: mend.credits,
    period: null,
    entryKeys: [],
    evidence: mend.evidence,
  };
}
