import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { AlertRule, QuietTime } from '#domain/alerts/alert-rule.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';

/** Rules of alerts, where they stand, and what fired; kept up by the engine's events. */
export function useAlerts() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.alerts,
    queryFn: async () => valueOrThrow(await engine.call('alerts.get', {})),
  });
}

/** Keeps or deletes a rule, or sets the quiet time. */
export function useAlertChange() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (
      change: { readonly put: AlertRule } | { readonly remove: string } | { readonly quiet: QuietTime },
    ) => {
      if ('put' in change) return valueOrThrow(await engine.call('alerts.put', change.put));
      if ('remove' in change) return valueOrThrow(await engine.call('alerts.delete', { id: change.remove }));
      return valueOrThrow(await engine.call('alerts.quiet', change.quiet));
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.alerts }),
  });
}

/** Tries a rule on the past, when it is asked to. */
export function useAlertTrial() {
  const engine = useEngine();
  return useMutation({ mutationFn: async (rule: AlertRule) => valueOrThrow(await engine.call('alerts.try', rule)) });
}
