import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PlanView, PlanWish } from '#contract/plan-views.ts';
import type { RequestParams } from '#contract/requests.ts';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';
import { putNewerAnswer } from './newer-answer.ts';

/** How often a plan that runs is asked after, in milliseconds; it may run in another console. */
const RUNNING_POLL_MS = 1000;
const RESTING_POLL_MS = 10_000;
const ROWS = 200;

const planKeys = {
  list: ['plans.list'] as const,
  plan: (planId: string) => ['plans.get', planId] as const,
};

/** The newest plans, whoever made them, and those that cannot be read. */
export function usePlans() {
  const engine = useEngine();
  return useQuery({
    queryKey: planKeys.list,
    queryFn: async () => valueOrThrow(await engine.call('plans.list', {})),
    staleTime: 0,
    refetchInterval: RESTING_POLL_MS,
  });
}

/** One plan, as it stands on the server. */
export function usePlan(planId: string) {
  const engine = useEngine();
  return useQuery({
    queryKey: planKeys.plan(planId),
    queryFn: async () => valueOrThrow(await engine.call('plans.get', { planId })).plan,
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? RUNNING_POLL_MS : RESTING_POLL_MS),
  });
}

/** The first jobs of a plan with their verdicts. */
export function usePlanItems(planId: string, from: number) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['plans.items', planId, from],
    queryFn: async () => valueOrThrow(await engine.call('plans.items', { planId, from, limit: ROWS })).items,
  });
}

/** What became of jobs of a plan; read anew as the run moves. */
export function usePlanOutcomes(plan: PlanView, from: number) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['plans.outcomes', plan.planId, from, plan.state, plan.run?.tallies],
    queryFn: async () =>
      valueOrThrow(await engine.call('plans.outcomes', { planId: plan.planId, from, limit: ROWS })).outcomes,
    placeholderData: (known) => known,
  });
}

/** Plans retries; gives the plan. */
export function useMakePlan() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (order: { readonly wish: PlanWish; readonly reason: string; readonly isCollecting: boolean }) =>
      valueOrThrow(await engine.call('plans.make', order)).plan,
  });
}

/** What somebody does to a plan. */
export function usePlanActions(planId: string) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const onSuccess = (plan: PlanView): Promise<void> => putNewerAnswer(queryClient, planKeys.plan(planId), plan);
  return {
    run: useMutation({
      mutationFn: async (order: Omit<RequestParams<'plans.run'>, 'planId'>) =>
        valueOrThrow(await engine.call('plans.run', { planId, ...order })).plan,
      onSuccess,
    }),
    wish: useMutation({
      mutationFn: async (wish: 'pause' | 'stop') =>
        valueOrThrow(await engine.call('plans.wish', { planId, wish })).plan,
      onSuccess,
    }),
    decide: useMutation({
      mutationFn: async (decision: 'approved' | 'rejected' | 'withdrawn') =>
        valueOrThrow(await engine.call('plans.decide', { planId, decision, note: '' })).plan,
      onSuccess,
    }),
    exported: useMutation({ mutationFn: async () => valueOrThrow(await engine.call('plans.export', { planId })) }),
  };
}
