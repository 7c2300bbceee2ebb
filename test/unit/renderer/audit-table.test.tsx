import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Router } from 'wouter';
import type { AuditEntry } from '#domain/audit.ts';
import { AuditTable } from '../../../renderer/views/audit/audit-table.tsx';

/** The jobs that the entry of a request leads to. */
function jobsBehind(action: string): readonly string[] {
  const entry = {
    atMs: 0,
    actor: { type: 'user', id: 'ann' },
    isVerified: true,
    role: 'founder',
    action,
    subject: 'lost-1',
    outcome: 'done',
    host: 'desk',
    details: {},
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its place in the chain has no say in what is shown
  } as unknown as AuditEntry;
  const markup = renderToStaticMarkup(
    <Router ssrPath="/audit">
      <AuditTable rows={[{ id: 'e1', entry }]} onFilter={() => undefined} />
    </Router>,
  );
  return [...markup.matchAll(/href="\/jobs\/([^"]+)"/gu)].map(([, id]) => id ?? '');
}

it('leads from every request about one job to the job', () => {
  for (const action of ['job.get', 'job.why', 'output.get', 'retry.run', 'cancel.run']) {
    expect(jobsBehind(action)).toEqual(['lost-1']);
  }
  expect(jobsBehind('people.set')).toEqual([]);
});
