import { describe, expect, it } from 'vitest';
import { LedgerPoster } from '#store/ledger-poster.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { connectTo, openGate, type Gate } from '../../support/model-driver.ts';

function setup(gate: Gate = openGate): { deployment: ModelDeployment; poster: LedgerPoster } {
  const deployment = new ModelDeployment(Date.parse('2026-10-01T09:00:00Z'));
  const poster = new LedgerPoster(
    connectTo(deployment, gate),
    () => Promise.resolve(),
    () => 0.5,
  );
  return { deployment, poster };
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
