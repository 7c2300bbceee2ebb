import { describe, expect, it } from 'vitest';
import { ok } from '#domain/result.ts';
import { LedgerPoster } from '#store/ledger-poster.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { connectTo, openGate, type Gate } from '../../support/model-driver.ts';

/** Nothing is waited for and no month is closed. */
const QUIET: ConstructorParameters<typeof LedgerPoster>[1] = {
  wait: () => Promise.resolve(),
  random: () => 0.5,
  months: {
    closedAmong: () => Promise.resolve(ok(new Set<string>())),
    redated: (entries) => Promise.resolve(ok(entries)),
  },
};

function setup(gate: Gate = openGate): { deployment: ModelDeployment; poster: LedgerPoster } {
  const deployment = new ModelDeployment(Date.parse('2026-10-01T09:00:00Z'));
  return { deployment, poster: new LedgerPoster(connectTo(deployment, gate), QUIET) };
}

/** Entries of one workspace that differ in their key. */
function grants(count: number): ReturnType<typeof grant>[] {
  return Array.from({ length: count }, (_, n) => ({ ...grant('w1', 10), _id: `grant:${n}` }));
}

describe('posting from many places at once', () => {
  it('tells each caller of its own entries, in their order, and counts each entry once', async () => {
    const { deployment, poster } = setup();
    const entries = grants(60);
    const posted = await Promise.all(
      Array.from({ length: 30 }, (_, n) => poster.post('w1', entries.slice(2 * n, 2 * n + 2))),
    );
    expect(posted.map((result) => expectOk(result).map(({ entry }) => entry._id))).toEqual(
      Array.from({ length: 30 }, (_, n) => [`grant:${2 * n}`, `grant:${2 * n + 1}`]),
    );
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 600 });
    expect(deployment.ledger.documents.size).toBe(60);
  });

  it('writes the account once for all who came while it was being written', async () => {
    const operations: string[] = [];
    const counting: Gate = (name, apply) => {
      operations.push(name);
      return openGate(name, apply);
    };
    const { deployment, poster } = setup(counting);
    await Promise.all(grants(40).map((entry) => poster.post('w1', [entry])));
    // The first goes alone; the other 39 came while it was under way.
    expect(operations.filter((name) => /^accounts\.(?!find)/.test(name)).length).toBeLessThanOrEqual(4);
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 400 });
  });

  it('answers everybody when posting breaks, and posts what comes later', async () => {
    let isBroken = true;
    const breaking: Gate = (name, apply) => {
      if (isBroken) throw new Error('broken');
      return openGate(name, apply);
    };
    const { poster } = setup(breaking);
    const entries = grants(3);
    const failed = await Promise.all(entries.map((entry) => poster.post('w1', [entry])));
    expect(failed.map(({ ok }) => ok)).toEqual([false, false, false]);
    isBroken = false;
    expect(expectOk(await poster.post('w1', entries))).toHaveLength(3);
  });
});

describe('an account that this process wrote last', () => {
  function reservation(n: number, credits: number): ReturnType<typeof grant> {
    return { ...grant('w1', credits), _id: `g${n}:reserve:1`, generationId: `g${n}`, type: 'reserve' };
  }

  it('is not read again before the next posting', async () => {
    const operations: string[] = [];
    const { deployment } = setup();
    const counting: Gate = (name, apply) => {
      operations.push(name);
      return openGate(name, apply);
    };
    // Nothing is taken off in between, which would be a reason to read.
    const poster = new LedgerPoster(connectTo(deployment, counting), { ...QUIET, wait: () => new Promise(() => {}) });
    for (const entry of grants(5)) expectOk(await poster.post('w1', [entry]));
    expect(operations.filter((name) => name === 'accounts.find')).toHaveLength(1);
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 50 });
  });

  it('is read where somebody else wrote it, and each entry counts once', async () => {
    const { deployment, poster } = setup();
    const other = new LedgerPoster(connectTo(deployment, openGate), QUIET);
    for (const [at, entry] of grants(80).entries()) {
      expectOk(await (at % 2 === 0 ? poster : other).post('w1', [entry]));
      if (at % 10 === 0) expectOk(await (at % 2 === 0 ? other : poster).post('w1', [entry]));
    }
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 800 });
    expect(deployment.ledger.documents.size).toBe(80);
  });

  it('refuses nobody for what it held before somebody else paid in', async () => {
    const { deployment, poster } = setup();
    const other = new LedgerPoster(connectTo(deployment, openGate), QUIET);
    const [first, second] = grants(2);
    if (first === undefined || second === undefined) throw new Error('two grants are needed');
    expectOk(await poster.post('w1', [first]));
    expectOk(await other.post('w1', [second]));
    const outcomes = expectOk(await poster.post('w1', [reservation(1, 20), reservation(2, 1)]));
    expect(outcomes.map(({ type }) => type)).toEqual(['applied', 'refused']);
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 0, held: 20 });
  });
});

describe('a closed month', () => {
  it('takes no new entry, whether its date or its month lies in it, and leaves what stands alone', async () => {
    const { deployment, poster } = setup();
    const [standing, late, dated] = grants(3);
    if (standing === undefined || late === undefined || dated === undefined) throw new Error('three grants are needed');
    expectOk(await poster.post('w1', [standing]));
    const closing = new LedgerPoster(connectTo(deployment, openGate), {
      wait: () => Promise.resolve(),
      random: () => 0.5,
      months: {
        closedAmong: () => Promise.resolve(ok(new Set([standing.period]))),
        redated: (entries) => Promise.resolve(ok(entries)),
      },
    });
    const now = new Date('2026-12-05T10:00:00Z');
    const outcomes = expectOk(
      await closing.post('w1', [
        standing,
        late,
        { ...dated, at: now },
        { ...dated, _id: 'open', at: now, period: '2026-12' },
      ]),
    );
    expect(outcomes.map((outcome) => (outcome.type === 'refused' ? outcome.code : outcome.type))).toEqual([
      'already_posted',
      'period_closed',
      'period_closed',
      'applied',
    ]);
    expect(deployment.accounts.documents.get('w1')).toMatchObject({ available: 20 });
    expect([...deployment.ledger.documents.keys()]).toEqual([standing._id, 'open']);
  });
});
