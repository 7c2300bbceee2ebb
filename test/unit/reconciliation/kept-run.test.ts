import { describe, expect, it } from 'vitest';
import { KeptRun, type FindingsPage } from '#console/reconciliation/kept-run.ts';
import { runReconciliation } from '#console/reconciliation/run.ts';
import { AS_OF_MS, WORLD_PRICES, worldChargeRule } from '../../bench/worlds/clean-job.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { expectOk } from '../../support/expect-ok.ts';

const ALL = { rules: [], workspaceIds: [] };

async function setup() {
  const { world } = makeSeededWorld(4, { jobs: 600, workspaces: 3 }, FAULTS);
  const { record } = expectOk(
    await runReconciliation(storeOfWorld(world, 1), {
      scope: { workspaceId: null, period: null },
      prices: WORLD_PRICES,
      closedPeriods: world.closedPeriods,
      seen: world.seen,
      asOfMs: AS_OF_MS,
      chargeRule: worldChargeRule,
      copy: null,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    }),
  );
  const kept = new KeptRun(record, { scope: record.scope, copyAsOfMs: null, comparison: null });
  return { record, kept };
}

describe('a run that was kept', () => {
  it('is summed up by rule and workspace, and every finding is counted once', async () => {
    const { record, kept } = await setup();
    const { byRule, byWorkspace, findings } = kept.summary;
    expect(findings).toBe(record.findings.length);
    expect(Object.values(byRule).reduce((sum, count) => sum + count, 0)).toBe(findings);
    const named = record.findings.filter(({ workspaceId }) => workspaceId !== null).length;
    expect(byWorkspace.reduce((sum, workspace) => sum + workspace.findings, 0)).toBe(named);
  });

  it('gives every finding once over pages of any size', async () => {
    const { record, kept } = await setup();
    const ids: string[] = [];
    for (let cursor: string | null = null, isFirst = true; isFirst || cursor !== null; isFirst = false) {
      const page: FindingsPage = expectOk(kept.page(ALL, cursor, 7));
      ids.push(...page.rows.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(ids).toEqual(record.findings.map(({ id }) => id));
  });

  it('lets through only the rules and workspaces asked for, with sums of just those', async () => {
    const { record, kept } = await setup();
    const [first] = record.findings;
    if (first === undefined) throw new Error('nothing was planted');
    const filter = { rules: [first.rule], workspaceIds: [first.workspaceId ?? ''] };
    const wanted = record.findings.filter(
      ({ rule, workspaceId }) => rule === first.rule && workspaceId === first.workspaceId,
    );
    const page = expectOk(kept.page(filter, null, 500));
    expect(page.rows).toEqual(wanted);
    const credits = wanted.reduce((sum, finding) => sum + finding.credits, 0);
    expect(page.byRule).toEqual({ [first.rule]: { findings: wanted.length, credits } });
  });

  it.each(['x', '-1', '1.5'])('refuses the cursor %s', async (cursor) => {
    const { kept } = await setup();
    expect(kept.page(ALL, cursor, 10)).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
  });

  it('does not know a finding of another run', async () => {
    const { kept } = await setup();
    expect(kept.finding('refund_owed:not_made:nobody')).toMatchObject({ ok: false, error: { code: 'not_found' } });
  });
});
