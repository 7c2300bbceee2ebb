import type { MendPreview, MendResult } from '#contract/mend-views.ts';
import type { AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { decideMend, type MendRecord, type MendState } from '#domain/reconciliation/mend-record.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Listed } from '#store/parsed.ts';
import { draftMends, previewOf, type ProposeOrder } from './mend-drafts.ts';
import { eachMend, replaceMend, type MendServer } from './mend-server.ts';

/**
 * Mends by new entries only: proposed from what the server says at that moment, decided by people, and posted by `MendPosting`.
 * Errors of every method, besides the connection's: `malformed_document`.
 */
export class MendDesk {
  readonly #server: MendServer;

  constructor(server: MendServer) {
    this.#server = server;
  }

  /** What proposing would write for each finding; writes nothing. In the order of the findings. */
  async preview(order: ProposeOrder): Promise<Result<readonly MendPreview[], AppError>> {
    const drafted = await draftMends(this.#server, order);
    if (!drafted.ok) return drafted;
    return ok(order.findings.map((finding) => previewOf(finding, drafted.value.get(finding.id), order.limitCredits)));
  }

  /**
   * Keeps a proposal for each finding that entries can mend. One that has an open proposal keeps that.
   * Errors: `period_closed` for a month that is closed; `invalid_request` for one that lies ahead.
   * @returns the open proposal of each finding that has one now
   */
  async propose(order: ProposeOrder): Promise<Result<readonly MendRecord[], AppError>> {
    const drafted = await draftMends(this.#server, order);
    if (!drafted.ok) return drafted;
    const fresh = [...drafted.value.values()].flatMap(({ record, open }) =>
      record === null || open !== null ? [] : [record],
    );
    const inserted = await this.#server.finance.mends.insert(fresh);
    if (!inserted.ok) return inserted;
    const ids = [...drafted.value.values()].flatMap(({ record, open }) => open?._id ?? record?._id ?? []);
    return this.#server.finance.mends.read(ids);
  }

  /** The last proposals of some states, the newest first; a document that is none is named beside them. */
  list(states: readonly MendState[]): Promise<Result<Listed<MendRecord>, AppError>> {
    return this.#server.finance.mends.list(states);
  }

  /** Proposals by their ids; those that are nowhere are left out. */
  named(mendIds: readonly string[]): Promise<Result<readonly MendRecord[], AppError>> {
    return this.#server.finance.mends.read(mendIds);
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
    return eachMend(this.#server, mendIds, async (mend) => {
      const decided = decideMend(mend, decision, { ...step, at: now.value });
      return decided.ok ? replaceMend(this.#server, decided.value) : decided;
    });
  }
}
