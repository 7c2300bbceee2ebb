import { expect, it } from 'vitest';
import { compilePattern } from '#console/redaction/linear-pattern.ts';
import type { FindingDetail } from '#contract/reconciliation-views.ts';
import { accessOf, type Role } from '#domain/people.ts';
import { lensOf } from '#domain/redaction/lens.ts';
import { ok } from '#domain/result.ts';
import type { Asking } from '#engine/handlers/handler.ts';
import { reconciliationHandlers, type ReconciliationDesk } from '#engine/handlers/reconciliation-handlers.ts';

const QUOTE = 'refused: “a page about my recipe”';

function entry(reason: string, type: 'product' | 'user', jobId: string | null): FindingDetail['entries'][number] {
  const actor = { type, id: 'x' } as const;
  const figures = { credits: 5, atMs: 1, attempt: null, totalAfter: 5, heldAfter: 0, isOffending: false };
  return { key: `g1:grant:${reason.length}`, type: 'grant', actor, reason, jobId, ...figures };
}

async function reasonsSeenBy(role: Role): Promise<readonly string[]> {
  const entries = [
    entry(QUOTE, 'product', 'j1'),
    entry('price of the generation', 'product', 'j1'),
    entry('a gift of ours', 'user', 'j1'),
    entry('topped up', 'product', null),
  ];
  const balance = { opening: { total: 0, held: 0 }, hasMore: false, account: null };
  const detail = { entriesOf: 'generation', entries, ...balance } as unknown as FindingDetail;
  const desk: Pick<ReconciliationDesk, 'finding'> = { finding: () => Promise.resolve(ok(detail)) };
  const lens = lensOf({ rules: [] }, role, { compile: compilePattern, tokenOf: (text) => text });
  const status = () => {
    throw new Error('nothing here asks how the engine stands');
  };
  const handlers = reconciliationHandlers(desk as ReconciliationDesk, status, () => lens);
  const asking: Asking = {
    actor: { type: 'user', id: 'ann' },
    signal: new AbortController().signal,
    access: accessOf({ role, isReadOnly: false }),
    note: () => undefined,
  };
  const found = await handlers['reconciliation.finding']({ runId: 'r1', findingId: 'f1' }, asking);
  return found.ok ? found.value.entries.map(({ reason }) => reason) : [];
}

it('what others wrote into the ledger of a finding is hidden from who may not read the prompt that it may quote', async () => {
  const [quote, ...others] = await reasonsSeenBy('finance');
  expect(quote).toBe('⟦redacted: its prompt is not kept⟧');
  expect(others).toEqual(['price of the generation', 'a gift of ours', 'topped up']);
  expect((await reasonsSeenBy('founder'))[0]).toBe(QUOTE);
});
