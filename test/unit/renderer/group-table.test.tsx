import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { Router } from 'wouter';
import type { HealthFigures } from '#contract/health-views.ts';
import { HEALTH_COUNTERS, type HealthCounter } from '#domain/health/health-facts.ts';
import { EVERY_JOB } from '../../../renderer/state/health-query-string.ts';
import { GroupTable } from '../../../renderer/views/health/group-table.tsx';

const NO_TIMES = { count: 0, p50Ms: null, p95Ms: null, p99Ms: null };

function figuresOf(counters: Partial<Record<HealthCounter, number>>): HealthFigures {
  const nothing = Object.fromEntries(HEALTH_COUNTERS.map((name) => [name, 0])) as Record<HealthCounter, number>;
  return {
    ...nothing,
    ...counters,
    successRate: null,
    attemptsPerCompleted: null,
    queueTime: NO_TIMES,
    finishTime: NO_TIMES,
  };
}

/** The cell of the cost in the row of a provider that has these figures. */
function costCellOf(counters: Partial<Record<HealthCounter, number>>): string {
  const queue = { queued: 0, retrying: 0, running: 0, validating: 0, oldestReadySinceMs: null };
  const markup = renderToStaticMarkup(
    <Router ssrPath="/health">
      <GroupTable
        groupBy="provider"
        groups={[{ key: 'openai', figures: figuresOf(counters), queue }]}
        view={{ period: '24h', groupBy: 'provider', filter: EVERY_JOB }}
      />
    </Router>,
  );
  return markup.split('<td class="number tabular">')[9] ?? '';
}

it('says nothing was spent only where that is known of every job', () => {
  expect(costCellOf({ completed: 3 })).toBe('$0.00</td>');
  expect(costCellOf({ completed: 3, unknownCosts: 3 })).toBe(
    '–<span class="cell-note">not known of 3 jobs</span></td>',
  );
  expect(costCellOf({ completed: 3, unknownCosts: 1, costMicroUsd: 2_000_000 })).toBe(
    'at least $2.00<span class="cell-note">not known of 1 job</span></td>',
  );
});
