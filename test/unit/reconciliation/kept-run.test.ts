import { describe, expect, it } from 'vitest';
import { KeptRun, type FindingsPage } from '#console/reconciliation/kept-run.ts';
import { runReconciliation } from '#console/reconciliation/run.ts';
import { FAULTS, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { requestOfWorld } from '../../bench/worlds/world-request.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { expectOk } from '../../support/expect-ok.ts';

const ALL = { rules: [], workspaceIds: [] };

async function setup() {
  const { world } = makeSeededWorld(4, { jobs: 600, workspaces: 3 }, FAULTS);
  const { record } = expectOk(await runReconciliation(storeOfWorld(world, 1), requestOfWorld(world)));
  const kept = new KeptRun(record, {
    copyAsOfMs: null,
    lostMemory: [],
    comparison: { new: 2, stillOpen: record.findings.length - 2, solved: 0 },
    newIds: record.findings.slice(0, 2).map(({ id }) => id),
    solved: [],
  });
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

  it.each(['rule', 'workspace', 'amount'] as const)(
    'grouped by %s gives every finding once, group by group, and the groups add up',
    async (groupBy) => {
      const { record, kept } = await setup();
      const page = expectOk(kept.page(ALL, null, 10_000, { groupBy, since: 'any' }));
      expect(new Set(page.rows.map(({ id }) => id))).toEqual(new Set(record.findings.map(({ id }) => id)));
      expect(page.groups.reduce((sum, { findings }) => sum + findings, 0)).toBe(record.findings.length);
      let start = 0;
      for (const group of page.groups) {
        const rows = page.rows.slice(start, (start += group.findings));
        expect(rows.reduce((sum, { credits }) => sum + credits, 0)).toBe(group.credits);
        const belongs = {
          rule: rows.every(({ rule }) => rule === group.key),
          workspace: rows.every((row) => (row.workspaceId ?? '') === group.key),
          amount: rows.every(({ credits }) => Math.abs(credits) >= Number(group.key)),
        };
        expect(belongs[groupBy]).toBe(true);
      }
    },
  );

  it('tells what is new and what is still open since the run before', async () => {
    const { record, kept } = await setup();
    const idsOf = (since: 'new' | 'still_open' | 'solved') =>
      kept.matching(ALL, { groupBy: 'rule', since }).map(({ id }) => id);
    expect(idsOf('new')).toEqual(record.findings.slice(0, 2).map(({ id }) => id));
    expect(idsOf('still_open')).toHaveLength(record.findings.length - 2);
    expect(idsOf('solved')).toEqual([]);
  });
});
