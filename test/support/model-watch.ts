import { findViolations, type Books } from '#domain/invariants.ts';
import { jobSchema, type Job } from '#domain/job.ts';
import { creditAccountSchema, ledgerEntrySchema } from '#domain/ledger.ts';
import type { RawDocument } from '#store/collections.ts';
import type { ModelDeployment } from './model-collections.ts';

/**
 * Watches a deployment and names whatever is wrong: every invariant over everything as it stands, and what must hold from one
 * moment to the next (histories only grow, tokens and versions never fall, entries never change, a live lease is not taken).
 */
export class ModelWatch {
  readonly #deployment: ModelDeployment;
  readonly #parsed = new WeakMap<RawDocument, unknown>();
  readonly #jobs = new Map<string, Job>();
  readonly #entries = new Map<string, RawDocument>();

  constructor(deployment: ModelDeployment) {
    this.#deployment = deployment;
  }

  /** @returns what is wrong at this moment, in words; empty where all is right */
  look(): readonly string[] {
    const books = this.books();
    const found = findViolations(books).map((one) => `${one.invariant}: ${one.subject}: ${one.detail}`);
    for (const job of books.jobs) {
      const before = this.#jobs.get(job._id);
      if (before === job) continue;
      if (before !== undefined) found.push(...this.#changesOf(before, job));
      found.push(...this.#moneyOf(job), ...tokenOf(job));
      this.#jobs.set(job._id, job);
    }
    if (books.jobs.length < this.#jobs.size) found.push('a job is gone');
    for (const [id, entry] of this.#entries) {
      if (this.#deployment.ledger.documents.get(id) !== entry) found.push(`the entry ${id} changed or is gone`);
    }
    for (const [id, entry] of this.#deployment.ledger.documents) this.#entries.set(id, entry);
    return found;
  }

  /** Everything as it stands; a document is parsed once for as long as it is not written. */
  books(): Books {
    const { jobs, accounts, ledger } = this.#deployment;
    return {
      jobs: this.#parse(jobs.documents, (document) => jobSchema.parse(document)),
      accounts: this.#parse(accounts.documents, (document) => creditAccountSchema.parse(document)),
      ledger: this.#parse(ledger.documents, (document) => ledgerEntrySchema.parse(document)),
    };
  }

  #parse<Value>(documents: ReadonlyMap<string, RawDocument>, parse: (document: RawDocument) => Value): Value[] {
    return [...documents.values()].map((document) => {
      const known = this.#parsed.get(document);
      if (known !== undefined) return known as Value;
      const value = parse(document);
      this.#parsed.set(document, value);
      return value;
    });
  }

  #changesOf(before: Job, after: Job): string[] {
    const found: string[] = [];
    const claim = (isRight: boolean, wrong: string): void => {
      if (!isRight) found.push(`${after._id}: ${wrong}`);
    };
    claim(after.version >= before.version, 'its version fell');
    claim(after.leaseToken >= before.leaseToken, 'its token fell');
    claim(isPrefix(before.history, after.history), 'its history was rewritten');
    const closed = before.attempts.filter((attempt) => attempt.endedAt !== null);
    claim(isPrefix(closed, after.attempts), 'a closed attempt was rewritten');
    const entry = after.history[before.history.length];
    if (entry !== undefined && before.lease !== null && entry.actor.type === 'runner') {
      const isHolder = entry.actor.id === before.lease.runnerId && after.leaseToken === before.leaseToken;
      const isOver = before.lease.expiresAt.getTime() < this.#deployment.nowMs;
      claim(isHolder || isOver, `${entry.actor.id} wrote to a live lease of ${before.lease.runnerId}`);
    }
    return found;
  }

  /** Nothing runs that is not paid for: the reservation stands before the first call of a provider. */
  #moneyOf(job: Job): string[] {
    const isHeld = job.state === 'running' || job.state === 'validating';
    const { reserved, price, pending } = job.billing;
    return isHeld && (reserved !== price || pending.length > 0)
      ? [`${job._id}: runs with ${reserved} of ${price} reserved`]
      : [];
  }
}

/** Each claim has a token of its own, and what stands of an attempt was written by whoever holds it. */
function tokenOf(job: Job): string[] {
  const claims = job.history.filter((entry) => entry.to === 'running').length;
  const wrong = job.leaseToken === claims ? [] : [`${job._id}: the token is ${job.leaseToken} after ${claims} claims`];
  const { acceptanceId } = job.provider;
  const isStale = job.lease !== null && acceptanceId !== null && acceptanceId !== acceptanceOf(job._id, job.leaseToken);
  return isStale ? [...wrong, `${job._id}: ${acceptanceId} was written under the token ${job.leaseToken}`] : wrong;
}

/** The acceptance that a provider of the model gives for an attempt: it says which lease it was written under. */
export function acceptanceOf(jobId: string, token: number): string {
  return `accepted-${jobId}-${token}`;
}

function isPrefix(before: readonly object[], after: readonly object[]): boolean {
  return before.every((entry, index) => JSON.stringify(entry) === JSON.stringify(after[index]));
}
