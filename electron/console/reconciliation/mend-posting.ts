import type { MendResult } from '#contract/mend-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { entriesToPost, mayPost, OPEN_MEND_STATES, type MendRecord } from '#domain/reconciliation/mend-record.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ProposalStep } from '#domain/second-person.ts';
import { examineFindings } from './examine.ts';
import { eachMend, examinationOf, MEND_STEP, replaceMend, requireOpenMonth, type MendServer } from './mend-server.ts';

/** Errors by which a posting says that nothing of it was written. After any other one it may stand. */
const REFUSALS: ReadonlySet<AppError['code']> = new Set([
  'insufficient_credit',
  'no_hold',
  'key_reused',
  'period_closed',
  'invalid_request',
]);

/** Posts what was proposed and, where that is needed, approved: through the charge protocol, so that posting twice does nothing. */
export class MendPosting {
  readonly #server: MendServer;

  constructor(server: MendServer) {
    this.#server = server;
  }

  /**
   * Posts proposals, each on its own: what stands already is only noted; otherwise the finding must still be what it was when it
   * was proposed. All are looked at before the first is posted, so that two mends of one generation do not hide one another.
   * Repeating it after a lost reply, or by two people at once, posts once. A proposal about which somebody decided since it was looked at
   * is not posted.
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
    return eachMend(this.#server, mendIds, async (mend) => {
      if (mend.state === 'posted') return ok(mend);
      const allowed = mayPost(mend);
      if (!allowed.ok) return allowed;
      if (passed.value.has(mend._id)) return this.#passedOver(mend);
      step.signal.throwIfAborted();
      const begun = await this.#begin(mend, { by: step.by, at: now.value, note: '' });
      if (!begun.ok || begun.value.state === 'posted') return begun;
      const written = await this.#write(begun.value, now.value);
      if (written.ok) return this.#end(begun.value);
      if (!REFUSALS.has(written.error.code)) return written;
      const left = await this.#leave(begun.value);
      return left.ok ? written : left;
    });
  }

  /** Notes that it is being posted, under the version that was looked at. Two who do so in one moment both post it, which posts once. */
  async #begin(mend: MendRecord, posted: ProposalStep): Promise<Result<MendRecord, AppError>> {
    if (mend.posted !== null) return ok(mend);
    const { mends } = this.#server.finance;
    const next = { ...mend, posted, version: mend.version + 1 };
    const written = await mends.replace(next);
    if (!written.ok) return written;
    if (written.value) return ok(next);
    const read = await mends.read([mend._id]);
    if (!read.ok) return read;
    const [now] = read.value;
    return now !== undefined && now.posted !== null
      ? ok(now)
      : err(appError('write_conflict', `the proposal is ${now?.state ?? 'gone'}`));
  }

  #end(mend: MendRecord): Promise<Result<MendRecord, AppError>> {
    return replaceMend(this.#server, { ...mend, state: 'posted', version: mend.version + 1 });
  }

  /** It was not posted: others may decide about it again. */
  #leave(mend: MendRecord): Promise<Result<MendRecord, AppError>> {
    return replaceMend(this.#server, { ...mend, posted: null, version: mend.version + 1 });
  }

  /** A finding may have gone because its own mend was begun: then that is brought to its end. */
  async #passedOver(mend: MendRecord): Promise<Result<MendRecord, AppError>> {
    if (mend.posted !== null) {
      const { ledger } = this.#server.finance;
      const settled = await ledger.settle(mend.workspaceId, null);
      if (!settled.ok) return settled;
      const standing = await ledger.readEntries(mend.entries.map(({ _id }) => _id));
      if (!standing.ok) return standing;
      // Settling leaves no entry of its own: where nothing is left to settle, it has happened.
      if (standing.value.length > 0 || mend.effect === 'settle') return this.#end(mend);
      const left = await this.#leave(mend);
      if (!left.ok) return left;
    }
    const why = 'the finding is no longer what was proposed for; withdraw it and run the rules again';
    return err(appError('write_conflict', why));
  }

  /** The proposals that nothing of was posted yet and whose finding is not there as it was: mending it would be a new fault. */
  async #findPassed(mendIds: readonly string[], signal: AbortSignal): Promise<Result<ReadonlySet<string>, AppError>> {
    const { mends, ledger } = this.#server.finance;
    const passed = new Set<string>();
    for (let start = 0; start < mendIds.length; start += MEND_STEP) {
      const read = await mends.read(mendIds.slice(start, start + MEND_STEP));
      if (!read.ok) return read;
      const open = read.value.filter(({ state }) => OPEN_MEND_STATES.includes(state));
      const standing = await ledger.readEntries(open.flatMap(({ entries }) => entries.map(({ _id }) => _id)));
      if (!standing.ok) return standing;
      const keys = new Set(standing.value.map(({ _id }) => _id));
      const fresh = open.filter(({ entries }) => !entries.some(({ _id }) => keys.has(_id)));
      const examined = await examineFindings(examinationOf(this.#server), fresh.map(findingOfMend), signal);
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
        ? await ledger.settle(mend.workspaceId, owingJobOf(mend))
        : mend.effect === 'ledger_only'
          ? await this.#explain(mend, at)
          : await ledger.post(mend.workspaceId, entriesToPost(mend, at));
    if (!written.ok) return written;
    return mend.jobId === null ? ok(undefined) : ledger.alignFigures(mend.jobId);
  }

  /** An explanation is dated as any entry: not into a closed month. */
  async #explain(mend: MendRecord, at: Date): Promise<Result<void, AppError>> {
    const open = await requireOpenMonth(this.#server, mend.bookedIn, at);
    return open.ok ? this.#server.finance.ledger.explain(entriesToPost(mend, at)) : open;
  }
}

/** The job that owes what is to be settled; null where its account has it already, whatever job the entry names. */
function owingJobOf(mend: MendRecord): string | null {
  return findingOfMend(mend).case === 'posting' ? null : mend.jobId;
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
