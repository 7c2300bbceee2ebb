import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runReconciliation } from '#console/reconciliation/run.ts';
import { shownCredits } from '#domain/credits.ts';
import { openFindings } from '#domain/reconciliation/comparison.ts';
import { jobFactsOf, type ChargeRule } from '#domain/reconciliation/facts.ts';
import { proposeMends } from '#domain/reconciliation/mends.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { RULES } from '#domain/reconciliation/rules.ts';
import { SAID_RULES, wordsOfRule } from '#domain/reconciliation/said-rules.ts';
import { NOTHING_SEEN, rememberSeen } from '#domain/reconciliation/seen-entries.ts';
import { findViolations } from '#domain/invariants.ts';
import { jobSchema, type HistoryEntry, type Job } from '#domain/job.ts';
import type { Pricing } from '#domain/pricing.ts';
import { creditAccountSchema, ledgerEntrySchema } from '#domain/ledger.ts';
import { AS_OF_MS } from '../../bench/worlds/clean-job.ts';
import { generationEntry, relabel, replaceJob, restoreHold, rewrite, standingEntry } from '../../bench/worlds/fault.ts';
import { postMends } from '../../bench/worlds/post-mends.ts';
import { FAULTS, makeCleanWorld, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { accountOf, jobOf, post, ruleOptionsOf, unpost, viewOf, type World } from '../../bench/worlds/world.ts';
import { requestOfWorld } from '../../bench/worlds/world-request.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { checkWorld } from '../../bench/worlds/worlds.ts';
import { expectOk } from '../../support/expect-ok.ts';

const packageSchema = z.object({ scripts: z.record(z.string(), z.string()) });

const SIZE = { jobs: 90, workspaces: 3 };
// The seed decides which months are closed; this one closes two, so that every fault finds its place.
const SEED = 4;
const MENDER = { at: new Date(AS_OF_MS), actor: { type: 'user', id: 'finance' } } as const;

function findingsOf(world: World) {
  return reconcile(viewOf(world), ruleOptionsOf(world)).findings;
}

/** A job that was delivered and paid for, of a kind. */
function completedOf(world: World, kind: string): Job {
  const ids = [...world.scenarios].flatMap(([id, scenario]) => (scenario === 'completed' ? [id] : []));
  const found = ids.map((id) => jobOf(world, id)).find((job) => job.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} is completed`);
  return found;
}

describe('the catalogue of rules', () => {
  it('lists every file of the folder, in the order of their numbers and without a gap', () => {
    const folder = fileURLToPath(new URL('../../../electron/domain/reconciliation/rules', import.meta.url));
    const numbers = readdirSync(folder).map((file) => Number(file.slice(0, 2)));
    expect(RULES.map((rule) => rule.number)).toEqual(numbers.toSorted((left, right) => left - right));
    expect(RULES.map((rule) => rule.number)).toEqual(RULES.map((_, index) => index + 1));
  });

  it('has a new rule as soon as its file is there, for every program that is begun then', () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const copy = mkdtempSync(path.join(tmpdir(), 'runledger-rules-'));
    const area = path.join(copy, 'electron', 'domain', 'reconciliation');
    try {
      for (const part of ['package.json', 'electron/domain', 'electron/cli']) {
        cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
      }
      symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
      const index = path.join(area, 'rule-index.ts');
      const before = readFileSync(index, 'utf8');
      execFileSync(process.execPath, ['--import', './electron/cli/require-node.mjs', '-e', '0'], { cwd: copy });
      expect(readFileSync(index, 'utf8')).toBe(before);
      const number = RULES.length + 1;
      writeFileSync(
        path.join(area, 'rules', `${number}-always.ts`),
        `import type { Rule } from '../rule.ts';

export const always: Rule = {
  number: ${number},
  name: 'always',
  title: 'Always',
  sentence: 'Something is always wrong.',
  evidence: 'None.',
  cases: { so: { sentence: 'It is so.', mend: 'accept' } },
  scan: (_input, report) => report.workspace(0, { case: 'so', credits: 0, evidence: 'None.' }),
};
`,
      );
      const program = path.join(copy, 'program.ts');
      writeFileSync(
        program,
        `import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import { NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';

const builder = new LedgerViewBuilder();
builder.addAccount({ _id: 'w1', available: 0, held: 0, holds: {}, posting: {} });
const options = { asOfMs: 0, pendingMsMax: 0, leaseGraceMs: 0, prices: [], closedPeriods: [], seen: NOTHING_SEEN };
console.log(reconcile(builder.seal(), options).findings.map(({ id }) => id).join());
`,
      );
      const said = execFileSync(process.execPath, ['--import', './electron/cli/require-node.mjs', program], {
        cwd: copy,
        encoding: 'utf8',
      });
      expect(said.trim()).toBe('always:so:w1');
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it.each(['start', 'cli', 'bench', 'runner', 'demo', 'rules'])('is gathered by npm run %s', (script) => {
    const { scripts } = packageSchema.parse(
      JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')),
    );
    expect(scripts[script]).toContain('./electron/cli/require-node.mjs');
  });

  it('gives each rule a name and a title of its own', () => {
    expect(new Set(RULES.map((rule) => rule.name)).size).toBe(RULES.length);
    expect(new Set(RULES.map((rule) => rule.title)).size).toBe(RULES.length);
  });

  it('has words for everything that a finding can be of, with the invoices behind the last rule of the ledger', () => {
    expect(SAID_RULES.map(({ number }) => number)).toEqual(SAID_RULES.map((_, index) => index + 1));
    expect(wordsOfRule('invoice_differs')?.number).toBe(RULES.length + 1);
    for (const { sentence, evidence, cases } of SAID_RULES) {
      for (const words of [sentence, evidence, ...Object.values(cases).map((one) => one.sentence)]) {
        expect(words).toMatch(/^[A-Z].*\.$/);
      }
    }
  });

  it('has a fault that leads to each case of each rule', () => {
    const found = new Set<string>();
    // A fault may pick among its ways by the seed; a few seeds show them all.
    for (let seed = SEED; seed < SEED + 40; seed += 1) {
      for (const { id } of makeSeededWorld(seed, SIZE, FAULTS).expected) found.add(id.split(':').slice(0, 2).join(':'));
    }
    const cases = RULES.flatMap((rule) => Object.keys(rule.cases).map((name) => `${rule.name}:${name}`));
    expect([...found].toSorted()).toEqual(cases.toSorted());
  });
});

describe('a clean world', () => {
  it('is made of documents that the store would accept', () => {
    const world = makeCleanWorld(SEED, SIZE);
    for (const job of world.jobs.values()) expect(jobSchema.parse(job)).toEqual(job);
    for (const account of world.accounts.values()) expect(creditAccountSchema.parse(account)).toEqual(account);
    for (const entry of world.ledger.values()) expect(ledgerEntrySchema.parse(entry)).toEqual(entry);
  });

  it('keeps the invariants of the books', () => {
    const { jobs, accounts, ledger } = makeCleanWorld(SEED, SIZE);
    const books = { jobs: [...jobs.values()], accounts: [...accounts.values()], ledger: [...ledger.values()] };
    expect(findViolations(books)).toEqual([]);
  });

  it('has no finding', () => {
    expect(findingsOf(makeCleanWorld(SEED, SIZE))).toEqual([]);
  });
});

describe.each(FAULTS.map((fault) => ({ name: fault.name, fault })))('$name', ({ fault }) => {
  it('is found by exactly its rules, with its amount', () => {
    const { world, planted, expected } = makeSeededWorld(SEED, SIZE, [fault]);
    expect(planted).toEqual([fault.name]);
    const found = findingsOf(world);
    expect(found.map(({ id, credits }) => ({ id, credits })).toSorted(byId)).toEqual(expected.toSorted(byId));
    expect([...new Set(found.map((finding) => finding.ruleNumber))]).toEqual(fault.rules);
  });

  it('is no longer open once what is proposed for it is posted, and posting it twice changes nothing', () => {
    const { world } = makeSeededWorld(SEED, SIZE, [fault]);
    const view = viewOf(world);
    const findings = findingsOf(world);
    const proposals = proposeMends(view, findings, MENDER);
    expect(proposals.map((proposal) => proposal.findingId).toSorted()).toEqual(findings.map(({ id }) => id).toSorted());
    world.seen = rememberSeen(view, world.seen, null);
    const acceptances = postMends(world, proposals, findings);
    expect(openFindings(findingsOf(world), acceptances)).toEqual([]);
    const accounts = structuredClone(world.accounts);
    const entries = world.ledger.size;
    postMends(
      world,
      proposals.filter((proposal) => proposal.type === 'entries'),
      findings,
    );
    expect(world.accounts).toEqual(accounts);
    expect(world.ledger.size).toBe(entries);
  });

  it('can be mended by new entries alone, wherever its rule says so', () => {
    const { world } = makeSeededWorld(SEED, SIZE, [fault]);
    const found = findingsOf(world);
    const proposals = proposeMends(viewOf(world), found, MENDER);
    expect(proposals).toHaveLength(found.length);
    for (const proposal of proposals) {
      expect(proposal.type === 'accept').toBe(proposal.kind === 'accept');
      if (proposal.type !== 'entries') continue;
      for (const entry of proposal.entries) expect(ledgerEntrySchema.parse(entry)).toEqual(entry);
    }
  });
});

describe('a delivered generation whose price is found by what was bought', () => {
  /** A completed job of such a price, and its world without the capture. */
  function setup(pricing: Pricing) {
    const world: World = { ...makeCleanWorld(SEED, SIZE), closedPeriods: [], seen: NOTHING_SEEN };
    const [completed = ''] = [...world.scenarios].find(([, scenario]) => scenario === 'completed') ?? [];
    const job = jobOf(world, completed);
    const capture = standingEntry(world, job, 'capture');
    unpost(world, capture._id);
    replaceJob(world, { ...job, billing: { ...job.billing, captured: 0, pricing } });
    return { world, job, atMs: capture.at.getTime() };
  }

  it.each([
    { type: 'per_attempt', credits: 0 },
    { type: 'metered', credits: 1, perMicroUsd: 1_000_000 },
  ] as const)('owes nothing where it comes to nothing, here $type, and all that was held is given back', (pricing) => {
    const { world, job, atMs } = setup(pricing);
    const { generationId, price } = job.billing;
    post(world, generationEntry(job, generationId, 'release', { credits: price, atMs }));
    expect(findingsOf(world)).toEqual([]);
  });

  it('owes what it comes to and not its price, and the rest of what is held is given back', async () => {
    const { world, job } = setup({ type: 'per_attempt', credits: 30 });
    const { price } = job.billing;
    restoreHold(world, job, price);
    const found = findingsOf(world);
    expect(found.map(({ rule, credits }) => [rule, credits])).toEqual([
      ['completed_without_capture', -30],
      ['hold_outlives_lease', price - 30],
    ]);
    // By way of the disk, where books are sorted into blocks.
    const run = await runReconciliation(storeOfWorld(world, 1), requestOfWorld(world));
    expect(expectOk(run).record.findings).toEqual(found);
    const { available } = accountOf(world, job.workspaceId);
    postMends(world, proposeMends(viewOf(world), found, MENDER), found);
    expect(findingsOf(world)).toEqual([]);
    expect(accountOf(world, job.workspaceId)).toMatchObject({ available: available + price - 30 });
  });
});

describe('a delivered generation of which more was captured than it came to', () => {
  it('is given back what is above that, and nothing more where it was sold above the list too', () => {
    const world: World = { ...makeCleanWorld(SEED, SIZE), closedPeriods: [], seen: NOTHING_SEEN };
    const job = completedOf(world, 'image');
    const pricing = { type: 'per_attempt', credits: 30 } as const;
    const price = job.billing.price + 50;
    replaceJob(world, { ...job, billing: { ...job.billing, price, captured: price, pricing } });
    relabel(world, standingEntry(world, job, 'reserve')._id, { credits: price });
    rewrite(world, standingEntry(world, job, 'capture')._id, { credits: price });
    const found = findingsOf(world);
    expect(found.map(({ rule, credits }) => [rule, credits])).toEqual([
      ['captured_above_price', price - 30],
      ['price_differs', 0],
    ]);
    expect(found[0]?.evidence).toBe(
      `${shownCredits(price)} captured for a generation that came to 0.30 of a price of ${shownCredits(price)}; ${shownCredits(price - 30)} too much after refunds.`,
    );
    const { available } = accountOf(world, job.workspaceId);
    postMends(world, proposeMends(viewOf(world), found, MENDER), found);
    expect(findingsOf(world)).toEqual([]);
    expect(accountOf(world, job.workspaceId)).toMatchObject({ available: available + price - 30 });
  });
});

describe('a generation that was sold above the list, in part refunded', () => {
  /** One that was sold 50 above the list and captured, and what is found of it after these entries. */
  function owedAfter(
    ...entries: readonly { readonly type: 'refund' | 'adjust'; readonly credits: number; readonly n: number }[]
  ) {
    const world: World = { ...makeCleanWorld(SEED, SIZE), closedPeriods: [], seen: NOTHING_SEEN };
    const job = completedOf(world, 'image');
    const price = job.billing.price + 50;
    replaceJob(world, { ...job, billing: { ...job.billing, price, captured: price } });
    relabel(world, standingEntry(world, job, 'reserve')._id, { credits: price });
    rewrite(world, standingEntry(world, job, 'capture')._id, { credits: price });
    for (const { type, credits, n } of entries) {
      post(world, generationEntry(job, job.billing.generationId, type, { credits, n, atMs: AS_OF_MS - 3_600_000 }));
    }
    return findingsOf(world).map(({ rule, credits }) => [rule, credits]);
  }

  const MEND_N = 19_001;

  it.each([
    { what: 'all of it where nothing was', entries: [], owed: 50 },
    { what: 'what the refund leaves', entries: [{ type: 'refund', credits: 20, n: 1 }], owed: 30 },
    { what: 'nothing where the refund is all of it', entries: [{ type: 'refund', credits: 50, n: 1 }], owed: 0 },
    { what: 'nothing where the refund is more', entries: [{ type: 'refund', credits: 60, n: 1 }], owed: 0 },
  ] as const)('is owed $what', ({ entries, owed }) => {
    expect(owedAfter(...entries)).toEqual([['price_differs', owed]]);
  });

  it('owes nothing back where it is refunded in part after the difference was given', () => {
    const given = { type: 'adjust', credits: 50, n: MEND_N } as const;
    expect(owedAfter(given, { type: 'refund', credits: 20, n: 1 })).toEqual([]);
  });

  it('owes back what was given for the difference where all of it is refunded', () => {
    const given = { type: 'adjust', credits: 50, n: MEND_N } as const;
    const world = makeCleanWorld(SEED, SIZE);
    const all = completedOf(world, 'image').billing.price + 50;
    expect(owedAfter(given, { type: 'refund', credits: all, n: 1 })).toEqual([['price_differs', -50]]);
  });
});

describe('a generation that a requeue replaced', () => {
  const world = makeCleanWorld(SEED, SIZE);
  const [requeued = ''] = [...world.scenarios].find(([, scenario]) => scenario === 'requeued') ?? [];
  const job = jobOf(world, requeued);

  function outcomesOf(history: Job['history'], chargeRule: ChargeRule): readonly string[] {
    return jobFactsOf({ ...job, history }, chargeRule).generations.map(({ outcome }) => outcome);
  }

  it('is charged as a cancelled one where it was cancelled while it waited for its next attempt', () => {
    const ofCancelled: ChargeRule = (failureClass) => (failureClass === 'cancelled' ? 'capture' : 'release');
    const cancelled = job.history.flatMap((entry): HistoryEntry[] =>
      entry.to === 'failed'
        ? [
            { ...entry, to: 'retrying' },
            { ...entry, from: 'retrying' },
          ]
        : [entry],
    );
    expect(outcomesOf(job.history, ofCancelled)).toEqual(['released', 'completed']);
    expect(outcomesOf(cancelled, ofCancelled)).toEqual(['captured', 'completed']);
  });

  it('is charged as its own end was decided, and not as that of a later one without an attempt', () => {
    const ofFirst: ChargeRule = (_class, policyVersion) => (policyVersion === 1 ? 'capture' : 'release');
    const history = job.history.flatMap((entry): HistoryEntry[] =>
      entry.to === 'failed'
        ? [
            { ...entry, policyVersion: 1 },
            { ...entry, from: 'failed', to: 'queued', policyVersion: null },
            { ...entry, from: 'queued', policyVersion: 2 },
          ]
        : [entry],
    );
    expect(outcomesOf(history, ofFirst)).toEqual(['captured', 'completed']);
  });
});

describe('a refund that is owed', () => {
  it('goes to nobody where the job stands in another workspace by now than the one that paid', () => {
    const world = makeCleanWorld(SEED, SIZE);
    const [failed = ''] = [...world.scenarios].find(([, scenario]) => scenario === 'failed') ?? [];
    const job = jobOf(world, failed);
    const { generationId } = job.billing;
    const atMs = AS_OF_MS - 3_600_000;
    post(world, generationEntry(job, generationId, 'capture', { credits: 70, atMs }));
    const proposalOf = () => {
      const owed = findingsOf(world).filter((finding) => finding.rule === 'refund_owed');
      return proposeMends(viewOf(world), owed, MENDER).map(({ type, workspaceId }) => [type, workspaceId]);
    };
    expect(proposalOf()).toEqual([['entries', job.workspaceId]]);
    const moved = job.workspaceId === 'workspace-0' ? 'workspace-1' : 'workspace-0';
    world.jobs.set(failed, { ...job, workspaceId: moved });
    expect(proposalOf()).toEqual([['accept', moved]]);
  });
});

describe('faults together', () => {
  it('all at once in one world are found exactly, and mended', () => {
    const { world, planted, expected } = makeSeededWorld(SEED, { jobs: 600, workspaces: 5 }, [...FAULTS, ...FAULTS]);
    expect(planted.length).toBeGreaterThan(FAULTS.length);
    const found = findingsOf(world);
    expect(found.map(({ id, credits }) => ({ id, credits })).toSorted(byId)).toEqual(expected.toSorted(byId));
    const view = viewOf(world);
    const proposals = proposeMends(view, found, MENDER);
    world.seen = rememberSeen(view, world.seen, null);
    const acceptances = postMends(world, proposals, found);
    expect(openFindings(findingsOf(world), acceptances)).toEqual([]);
    expect(brokenCharges(world)).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5].map((block) => ({ block })))(
    'in random combination are found exactly, block $block',
    ({ block }) => {
      for (let seed = block * 1000; seed < block * 1000 + 20; seed += 1) {
        expect({ seed, ...checkWorld(seed) }).toMatchObject({
          seed,
          cleanFindings: 0,
          missed: [],
          extra: [],
          afterMends: [],
          violations: [],
        });
      }
    },
  );
});

/** Generations of completed or failed jobs whose captures less refunds are neither 0 nor the price, which mends must not leave. */
function brokenCharges(world: World): string[] {
  return [...world.jobs.values()]
    .filter((job) => job.state === 'completed' || job.state === 'failed')
    .filter((job) => {
      const entries = [...world.ledger.values()].filter((entry) => entry.generationId === job.billing.generationId);
      const sum = (type: string) =>
        entries.filter((entry) => entry.type === type).reduce((total, entry) => total + entry.credits, 0);
      const taken = entries.filter((entry) => entry.type === 'adjust' && entry.credits < 0);
      const net = sum('capture') - sum('refund') - taken.reduce((total, entry) => total + entry.credits, 0);
      const isMetered = sum('release') > 0 && net > 0 && net < job.billing.price;
      return net !== 0 && net !== job.billing.price && !isMetered;
    })
    .map((job) => job._id);
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : 1;
}
