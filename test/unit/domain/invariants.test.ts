import { describe, expect, it } from 'vitest';
import { findViolations, type Books, type InvariantName } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';
import type { EntryType, LedgerEntry } from '#domain/ledger.ts';
import { endedAttempt, queuedJob } from '../../support/job-builder.ts';

const AT = new Date('2026-10-01T09:00:00Z');
const ACTOR = { type: 'system', id: 'test' } as const;

function entry(type: EntryType, credits: number, n = 1, id = 'g-j1'): LedgerEntry {
  const ofJob = type !== 'grant';
  return {
    _id: `${ofJob ? id : 'grant'}:${type}:${n}`,
    workspaceId: 'w1',
    jobId: ofJob ? 'j1' : null,
    generationId: ofJob ? id : null,
    attempt: null,
    type,
    credits,
    at: AT,
    actor: ACTOR,
    reason: 'test',
    period: '2026-10',
  };
}

/** A completed job of 100 credits, paid out of a grant of 500. */
function rightBooks(): { job: Job; books: Books } {
  const queued = queuedJob({ id: 'j1', priceCredits: 100 });
  const change = (seq: number, from: Job['state'], to: Job['state']): Job['history'][number] => ({
    seq,
    from,
    to,
    at: AT,
    attempt: 1,
    actor: ACTOR,
    reason: 'test',
    policyVersion: null,
  });
  const job: Job = {
    ...queued,
    state: 'completed',
    lease: null,
    failure: null,
    attempt: 1,
    history: [
      ...queued.history,
      change(2, 'queued', 'running'),
      change(3, 'running', 'validating'),
      change(4, 'validating', 'completed'),
    ],
    output: { uri: 'artefact://a', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) },
    billing: { ...queued.billing, status: 'charged', captured: 100 },
  };
  const account = { _id: 'w1', available: 400, held: 0, holds: {}, posting: {}, version: 3 };
  return {
    job,
    books: {
      jobs: [job],
      accounts: [account],
      ledger: [entry('grant', 500), entry('reserve', 100), entry('capture', 100)],
    },
  };
}

function named(books: Books): readonly InvariantName[] {
  return [...new Set(findViolations(books).map((found) => found.invariant))].sort();
}

describe('books that are right', () => {
  it('have no violation', () => {
    expect(findViolations(rightBooks().books)).toEqual([]);
  });

  it('have none either while an entry is in the account and not yet in the ledger', () => {
    const { books } = rightBooks();
    const [account] = books.accounts;
    if (account === undefined) throw new Error('no account');
    const capture = entry('capture', 100);
    const ledger = books.ledger.filter((one) => one._id !== capture._id);
    const posting = { [capture._id]: capture };
    expect(findViolations({ ...books, ledger, accounts: [{ ...account, posting }] })).toEqual([]);
  });
});

describe('what is wrong is named', () => {
  const { job, books } = rightBooks();
  const [account] = books.accounts;
  if (account === undefined) throw new Error('no account');
  const withJob = (fields: Partial<Job['billing']>): Books => ({
    ...books,
    jobs: [{ ...job, billing: { ...job.billing, ...fields } }],
  });
  const withHistory = (history: Job['history']): Books => ({ ...books, jobs: [{ ...job, history }] });

  it.each<{ case: string; broken: Books; names: InvariantName[] }>([
    {
      case: 'a second capture',
      broken: {
        ...books,
        ledger: [...books.ledger, entry('reserve', 100, 2), entry('capture', 100, 2)],
        accounts: [{ ...account, available: 300 }],
      },
      names: ['captured_at_most_once', 'job_equals_ledger'],
    },
    {
      case: 'a capture above the price',
      broken: withJob({ price: 50 }),
      names: ['captured_at_most_once'],
    },
    {
      case: 'a capture of what was never reserved',
      broken: { ...books, ledger: books.ledger.filter((one) => one.type !== 'reserve') },
      names: ['captured_at_most_once', 'job_equals_ledger'],
    },
    {
      case: 'a completed job that was not captured',
      broken: {
        ...withJob({ captured: 0, status: 'not_charged' }),
        ledger: [entry('grant', 500), entry('reserve', 100), entry('release', 100)],
        accounts: [{ ...account, available: 500 }],
      },
      names: ['completed_is_captured'],
    },
    {
      case: 'a job that says it was charged and was not',
      broken: withJob({ reserved: 100 }),
      names: ['job_equals_ledger'],
    },
    {
      case: 'an account that lost a credit',
      broken: { ...books, accounts: [{ ...account, available: 399 }] },
      names: ['account_equals_ledger'],
    },
    {
      case: 'a hold that is not in the sum held',
      broken: { ...books, accounts: [{ ...account, holds: { 'g-j1': { credits: 5, at: AT } } }] },
      names: ['held_equals_holds', 'hold_has_open_job'],
    },
    {
      case: 'a hold of a job that is over',
      broken: {
        ...books,
        accounts: [{ ...account, available: 300, held: 100, holds: { 'g-j1': { credits: 100, at: AT } } }],
      },
      names: ['hold_has_open_job'],
    },
    {
      case: 'an account below zero',
      broken: {
        ...books,
        accounts: [{ ...account, available: -1 }],
        ledger: [entry('grant', 99), entry('reserve', 100), entry('capture', 100)],
      },
      names: ['never_negative'],
    },
    {
      case: "an entry under another generation's key",
      broken: {
        ...books,
        ledger: books.ledger.map((one) => (one.type === 'capture' ? { ...one, _id: 'g-other:capture:1' } : one)),
      },
      names: ['entry_belongs_to_generation'],
    },
    {
      case: 'a gap in the history',
      broken: withHistory(job.history.map((one) => ({ ...one, seq: one.seq * 2 - 1 }))),
      names: ['history_has_no_gap'],
    },
    {
      case: 'an illegal change in the history',
      broken: withHistory(job.history.toSpliced(1, 1)),
      names: ['history_has_no_gap', 'history_is_legal'],
    },
    {
      case: 'a state that the history does not end in',
      broken: withHistory(job.history.slice(0, 3)),
      names: ['history_is_legal'],
    },
    {
      case: 'an open attempt of a job that is over',
      broken: {
        ...books,
        jobs: [
          {
            ...job,
            attempts: [{ ...endedAttempt(), endedAt: null }],
          },
        ],
      },
      names: ['attempts_are_closed'],
    },
  ])('$case: $names', ({ broken, names }) => {
    expect(named(broken)).toEqual(names);
  });
});
