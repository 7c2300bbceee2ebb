import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineProvider } from '../../../renderer/state/engine-queries.tsx';
import { ruleOf, typicalDraft } from '../../../renderer/views/alerts/rule-drafts.ts';
import { RuleForm } from '../../../renderer/views/alerts/rule-form.tsx';

/** How many letters the form's fields take, by what they are called. */
function limitsOfFields(): Readonly<Record<string, number>> {
  const client: EngineClient = {
    call: () => Promise.resolve(err({ code: 'internal', detail: null })),
    subscribe: () => () => undefined,
  };
  const form = renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <EngineProvider client={client}>
        <RuleForm first={typicalDraft('failure_rate')} onClose={() => undefined} />
      </EngineProvider>
    </QueryClientProvider>,
  );
  const fields = form.matchAll(/<label class="field">(\w+)<input type="text"(?: data-begin="")? maxLength="(\d+)"/g);
  return Object.fromEntries([...fields].map(([, says = '', max]) => [says, Number(max)]));
}

it('lets nobody write more into a field of a rule than the rule takes', () => {
  const limits = limitsOfFields();
  expect(Object.keys(limits)).toEqual(['Name', 'Kind', 'Provider', 'Model']);
  for (const [says, max] of Object.entries(limits)) {
    const draft = { ...typicalDraft('failure_rate'), [says.toLowerCase()]: 'a'.repeat(max) };
    expect(ruleOf(draft)).toHaveProperty('rule');
    expect(ruleOf({ ...draft, [says.toLowerCase()]: 'a'.repeat(max + 1) })).toHaveProperty('problem');
  }
});

it.each([
  { threshold: '100', isTaken: true },
  { threshold: '100.5', isTaken: false },
])('takes a rate of $threshold per cent only where it can be reached', ({ threshold, isTaken }) => {
  expect('rule' in ruleOf({ ...typicalDraft('failure_rate'), threshold })).toBe(isTaken);
  expect(ruleOf({ ...typicalDraft('oldest_queued'), threshold })).toHaveProperty('rule');
});
