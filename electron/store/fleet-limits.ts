import type { Collection, Db } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import {
  concurrencyLimitsOf,
  bucketOf,
  isHeldBack,
  NO_LIMITS,
  runnerLimitsSchema,
  type ConcurrencyLimit,
  type LimitedJob,
  type LimitsInForce,
  type ProviderRate,
  type RunnerLimits,
} from '#domain/runner-limits.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { literal } from './change-update.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import {
  CONFIG_AND_RATE_IDS,
  CONFIG_ID,
  configSchema,
  drawPipeline,
  holdBackPipeline,
  LIMITS_COLLECTION,
  rateDocumentSchema,
  rateId,
  slotPipeline,
  slotsId,
  slotsSchema,
} from './limit-documents.ts';
import type { LimitHolder } from './ports.ts';
import { parsed } from './parsed.ts';

/** How long a runner goes by what it read last, in milliseconds. */
const REFRESH_MS = 500;
/** How long a full limit is left alone before its places are asked for again, in milliseconds. */
const FULL_MS = 250;
/** Permits that were drawn and not used lapse after this time, in milliseconds: what a bucket gave is no right for ever. */
const PERMIT_MS_MAX = 1000;

const UNLIMITED_RATE: ProviderRate = { requestsPerMinute: null, tokensPerMinute: null, tokensPerRequest: 1000 };

/** Which jobs there is no use in looking for just now. */
export interface Exclusions {
  /** The total is full. */
  readonly isFull: boolean;
  readonly providers: readonly string[];
  readonly kinds: readonly string[];
  readonly workspaces: readonly string[];
}

/**
 * The limits of a fleet as one runner obeys them. Runners never talk to each other: places and permits are leased from one
 * small document for each limit, in slices as large as a claim, and a limit that is full is left alone for a while, so that no
 * document is written more often than the limit lets anything begin.
 */
export class FleetLimits {
  readonly #documents: () => Collection<RawDocument>;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #limits: RunnerLimits = NO_LIMITS;
  readonly #heldBackUntil = new Map<string, Date>();
  /** What turned out to be full, and when. Every workspace may be there once, so that what is too old is forgotten. */
  readonly #full = new Map<string, { readonly limit: ConcurrencyLimit; readonly atMs: number }>();
  /** Providers whose bucket turned out to be empty, when, and how long it takes until it can hold a request. */
  readonly #empty = new Map<string, { readonly atMs: number; readonly forMs: number }>();
  readonly #permits = new Map<string, { count: number; readonly untilMs: number }>();
  #slots: ReadonlyMap<string, ConcurrencyLimit> = new Map();
  /** Places that a claim under way has asked for, with those before it: its jobs are not counted as under way yet. */
  #asked: ReadonlyMap<string, number> = new Map();
  /** How many wishes for places were sent so far. */
  #wishes = 0;
  /** Tokens that requests took beyond what was counted for them, and that no bucket knows of yet, by provider. */
  readonly #usedBeyond = new Map<string, number>();

  constructor(db: Db) {
    this.#documents = () => db.collection<RawDocument>(LIMITS_COLLECTION, DURABLE);
  }

  /**
   * The limits and what is left of them, places only where somebody holds any: of the others there may be as many as workspaces, and
   * screens ask again and again. `malformed_document` where somebody wrote limits that are none.
   */
  async inForce(now: Date): Promise<Result<LimitsInForce, AppError>> {
    const isWanted = { $or: [{ _id: CONFIG_AND_RATE_IDS }, { 'holders.expiresAt': { $gt: now } }] };
    const found = await attemptCall(() => this.#documents().find(isWanted).toArray());
    if (!found.ok) return found;
    const config = configOf(found.value);
    if (!config.ok) return config;
    const { limits, revision } = config.value;
    const slots = found.value.flatMap((document) => safeParse(slotsSchema, document).data ?? []);
    const rates = found.value.flatMap((document) => safeParse(rateDocumentSchema, document).data ?? []);
    const providers = new Set([...Object.keys(limits.rates), ...rates.map((rate) => rate.provider)]);
    return ok({
      limits,
      revision,
      at: now,
      concurrency: slots.flatMap(({ scope, name, holders }) => {
        const live = holders.filter((holder) => holder.expiresAt > now && holder.count > 0);
        const max = maxOf(limits, scope, name);
        return max === null
          ? []
          : [{ scope, name, max, holders: live, held: live.reduce((sum, { count }) => sum + count, 0) }];
      }),
      rates: [...providers].map((provider) => {
        const rate = limits.rates[provider] ?? UNLIMITED_RATE;
        const left = (perMinute: number | null, stored: number | undefined): number | null =>
          perMinute === null ? null : Math.max(0, Math.floor(stored ?? bucketOf(perMinute).capacity));
        const document = rates.find((one) => one.provider === provider);
        const until = document?.heldBackUntil ?? null;
        return {
          provider,
          ...rate,
          requestsLeft: left(rate.requestsPerMinute, document?.requests),
          tokensLeft: left(rate.tokensPerMinute, document?.tokens),
          heldBackUntil: isHeldBack(until, now) ? until : null,
        };
      }),
    });
  }

  /**
   * Replaces the limits that stand at a revision (0 where none were ever set); every runner obeys them within half a second.
   * `write_conflict` where somebody else has changed them since.
   */
  async set(limits: RunnerLimits, revision: number, by: Actor): Promise<Result<void, AppError>> {
    const parsed = safeParse(runnerLimitsSchema, limits);
    if (!parsed.success) return err(appError('invalid_request', parsed.error.issues[0]?.message ?? 'no limits'));
    const set = {
      type: 'config',
      limits: literal(parsed.data),
      revision: revision + 1,
      by: literal(by),
      at: '$$NOW',
    };
    // Without limits there is no document to find at a revision; one that came meanwhile makes the insertion a duplicate.
    const isFirst = revision === 0;
    const at = isFirst ? { $exists: false } : revision;
    try {
      const documents = this.#documents();
      const written = await documents.updateOne({ _id: CONFIG_ID, revision: at }, [{ $set: set }], { upsert: isFirst });
      const isWritten = written.matchedCount + written.upsertedCount > 0;
      return isWritten ? ok(undefined) : err(appError('write_conflict', `limits at revision ${revision}`));
    } catch (cause) {
      return err(
        isOnlyDuplicateKeys(cause) ? appError('write_conflict', `limits at revision ${revision}`) : toAppError(cause),
      );
    }
  }

  /** Says for the whole fleet that a provider wants to be left alone for that long. */
  async holdBack(provider: string, forMs: number): Promise<Result<void, AppError>> {
    const written = await attemptCall(() =>
      this.#documents().updateOne({ _id: rateId(provider) }, holdBackPipeline(provider, forMs), { upsert: true }),
    );
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    return written.ok ? ok(undefined) : written;
  }

  /** What is not worth looking for now: providers that are held back or used up, and whatever is full. */
  async exclusions(now: Date): Promise<Result<Exclusions, AppError>> {
    const nowMs = now.getTime();
    if (Math.abs(nowMs - this.#readAtMs) > REFRESH_MS) {
      const read = await this.#refresh(nowMs);
      if (!read.ok) return read;
    }
    const full = this.#fullAt(nowMs);
    const names = (scope: ConcurrencyLimit['scope']): string[] =>
      full.filter((limit) => limit.scope === scope).map((limit) => limit.name);
    const heldBack = [...this.#heldBackUntil].filter(([, until]) => isHeldBack(until, now)).map(([name]) => name);
    const empty = [...this.#empty]
      .filter(([, { atMs, forMs }]) => Math.abs(nowMs - atMs) < forMs)
      .map(([name]) => name);
    return ok({
      isFull: full.some((limit) => limit.scope === 'total'),
      providers: [...new Set([...names('provider'), ...heldBack, ...empty])].sort(),
      kinds: names('kind').sort(),
      workspaces: names('workspace').sort(),
    });
  }

  /**
   * Leases what jobs that are about to be claimed need of every limit that applies to them.
   * @returns asked for each job in turn: whether it may begin
   */
  async admission<Item>(
    holder: LimitHolder,
    wanted: readonly Item[],
    limitedJobOf: (item: Item) => LimitedJob,
    now: Date,
  ): Promise<Result<(item: Item) => boolean, AppError>> {
    const left = await this.#leaseSlots(holder, wanted.map(limitedJobOf), now);
    if (!left.ok) return left;
    const drawn = await this.#draw(
      wanted.map((item) => limitedJobOf(item).provider),
      now,
    );
    if (!drawn.ok) return drawn;
    return ok((item) => {
      const job = limitedJobOf(item);
      const ids = concurrencyLimitsOf(this.#limits, job).map(slotsId);
      const permits = this.#limits.rates[job.provider] === undefined ? null : this.#permits.get(job.provider);
      const isFree =
        ids.every((id) => (left.value.get(id) ?? 0) > 0) && (permits === null || (permits?.count ?? 0) > 0);
      if (!isFree) return false;
      for (const id of ids) left.value.set(id, (left.value.get(id) ?? 0) - 1);
      if (permits) permits.count -= 1;
      return true;
    });
  }

  /** The jobs of the claim that asked for {@link admission} are under way, or will not be. */
  claimEnded(): void {
    this.#asked = new Map();
  }

  /**
   * Notes what a request of a provider really took of its tokens. The bucket, from which a request's usual use was drawn before it was
   * made, is put right by the next draw, or by the next {@link keep}.
   */
  noteTokens(provider: string, tokens: number): void {
    const rate = this.#limits.rates[provider];
    if (rate === undefined || rate.tokensPerMinute === null) return;
    this.#usedBeyond.set(provider, (this.#usedBeyond.get(provider) ?? 0) + tokens - rate.tokensPerRequest);
  }

  /** Keeps the places of what is under way, and gives back the others; tells buckets what requests really took. */
  async keep(holder: LimitHolder, now: Date): Promise<Result<void, AppError>> {
    for (const provider of this.#usedBeyond.keys()) {
      const told = await this.#drawOf(provider, 0);
      if (!told.ok) return told;
    }
    if (this.#slots.size === 0 && holder.active.length === 0) return ok(undefined);
    const kept = await this.#leaseSlots(holder, [], now);
    return kept.ok ? ok(undefined) : kept;
  }

  /** What was full a moment ago, before or after: the server's clock may be set back. */
  #fullAt(nowMs: number): readonly ConcurrencyLimit[] {
    for (const [id, { atMs }] of this.#full) if (Math.abs(nowMs - atMs) >= FULL_MS) this.#full.delete(id);
    return [...this.#full.values()].map(({ limit }) => limit);
  }

  async #refresh(nowMs: number): Promise<Result<void, AppError>> {
    const found = await attemptCall(() => this.#documents().find({ _id: CONFIG_AND_RATE_IDS }).toArray());
    if (!found.ok) return found;
    const config = configOf(found.value);
    if (!config.ok) return config;
    this.#limits = config.value.limits;
    for (const document of found.value) {
      const rate = safeParse(rateDocumentSchema, document);
      if (!rate.success || !rate.data.heldBackUntil) continue;
      this.#heldBackUntil.set(rate.data.provider, rate.data.heldBackUntil);
    }
    this.#readAtMs = nowMs;
    return ok(undefined);
  }

  /** @returns by limit: places that are leased and not yet taken */
  async #leaseSlots(
    { runnerId, active, leaseMs }: LimitHolder,
    wanted: readonly LimitedJob[],
    now: Date,
  ): Promise<Result<Map<string, number>, AppError>> {
    const limits = new Map(this.#slots);
    const count = (jobs: readonly LimitedJob[]): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const limit of jobs.flatMap((job) => concurrencyLimitsOf(this.#limits, job))) {
        limits.set(slotsId(limit), limit);
        counts.set(slotsId(limit), (counts.get(slotsId(limit)) ?? 0) + 1);
      }
      return counts;
    };
    const [underWay, asked] = [count(active), count(wanted)];
    const own = (_id: string): number => underWay.get(_id) ?? 0;
    if (wanted.length > 0) this.#asked = new Map([...limits.keys()].map((id) => [id, own(id) + (asked.get(id) ?? 0)]));
    const turn = (this.#wishes += 1);
    const leased = await Promise.all(
      [...limits].map(async ([_id, limit]) => {
        // Twice a lease: places outlive the jobs that a dead runner leaves running.
        const ttlMs = leaseMs * 2;
        const all = Math.max(own(_id) + (asked.get(_id) ?? 0), this.#asked.get(_id) ?? 0);
        const wish = { limit, runnerId, active: own(_id), wanted: all, ttlMs, turn };
        const written = await attemptCall(() =>
          this.#documents().findOneAndUpdate({ _id }, slotPipeline(wish), { upsert: true, returnDocument: 'after' }),
        );
        if (!written.ok) return written;
        const slots = safeParse(slotsSchema, written.value);
        const mine = slots.data?.holders.find((holder) => holder.runnerId === runnerId)?.count ?? 0;
        return ok({ _id, limit, left: Math.max(0, mine - own(_id)), isShort: mine < wish.wanted, isHeld: mine > 0 });
      }),
    );
    const left = new Map<string, number>();
    const held = new Map<string, ConcurrencyLimit>();
    for (const one of leased) {
      if (!one.ok) return one;
      left.set(one.value._id, one.value.left);
      if (one.value.isHeld) held.set(one.value._id, one.value.limit);
      if (one.value.isShort) {
        this.#full.set(one.value._id, { limit: one.value.limit, atMs: now.getTime() });
      }
    }
    this.#slots = held;
    return ok(left);
  }

  async #draw(providers: readonly string[], now: Date): Promise<Result<void, AppError>> {
    const nowMs = now.getTime();
    for (const [provider, all] of Map.groupBy(providers, (name) => name)) {
      const rate = this.#limits.rates[provider];
      if (rate === undefined) continue;
      const kept = this.#permits.get(provider);
      const usable = kept !== undefined && kept.untilMs > nowMs ? kept.count : 0;
      const wanted = all.length - usable;
      if (wanted <= 0) continue;
      const drawn = await this.#drawOf(provider, wanted);
      if (!drawn.ok) return drawn;
      const granted = drawn.value;
      this.#permits.set(provider, { count: usable + granted, untilMs: nowMs + PERMIT_MS_MAX });
      if (granted === 0 && usable === 0) {
        const perMinute = Math.min(
          rate.requestsPerMinute ?? Number.POSITIVE_INFINITY,
          (rate.tokensPerMinute ?? Number.POSITIVE_INFINITY) / rate.tokensPerRequest,
        );
        this.#empty.set(provider, { atMs: nowMs, forMs: Math.min(Math.max(60_000 / perMinute, 20), 5000) });
      }
    }
    return ok(undefined);
  }

  /** @returns how many requests may be made of what was wanted */
  async #drawOf(provider: string, wanted: number): Promise<Result<number, AppError>> {
    const rate = this.#limits.rates[provider];
    const usedBeyond = this.#usedBeyond.get(provider) ?? 0;
    // Taken off before it is told: what no server answered may have been heard, and is not told twice.
    this.#usedBeyond.delete(provider);
    if (rate === undefined) return ok(0);
    const drawn = await attemptCall(() =>
      this.#documents().findOneAndUpdate({ _id: rateId(provider) }, drawPipeline(provider, rate, wanted, usedBeyond), {
        upsert: true,
        returnDocument: 'after',
      }),
    );
    return drawn.ok ? ok(safeParse(rateDocumentSchema, drawn.value).data?.granted ?? 0) : drawn;
  }
}

function configOf(
  documents: readonly RawDocument[],
): Result<{ readonly limits: RunnerLimits; readonly revision: number }, AppError> {
  const document = documents.find(({ _id }) => _id === CONFIG_ID);
  if (document === undefined) return ok({ limits: NO_LIMITS, revision: 0 });
  return parsed(configSchema, document, LIMITS_COLLECTION);
}

function maxOf(limits: RunnerLimits, scope: ConcurrencyLimit['scope'], name: string): number | null {
  const job = { workspaceId: name, kind: name, provider: name };
  return concurrencyLimitsOf(limits, job).find((limit) => limit.scope === scope)?.max ?? null;
}
