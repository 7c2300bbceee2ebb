import { z } from 'zod';
import type { ProviderRate, RunnerLimits } from './runner-limits.ts';

/** What a limit of concurrency is set for. `each_workspace` is every workspace that has none of its own. */
export const limitScopeSchema = z.enum(['total', 'provider', 'kind', 'each_workspace', 'workspace']);
export type LimitScope = z.infer<typeof limitScopeSchema>;

/** One limit of concurrency as it is configured. `name` is empty for the total and for each workspace. */
export interface ConfiguredLimit {
  readonly scope: LimitScope;
  readonly name: string;
  readonly max: number;
}

/** Whether a limit of this scope is for one that has a name. */
export function isNamedScope(scope: LimitScope): boolean {
  return scope !== 'total' && scope !== 'each_workspace';
}

/** The configured limits of concurrency as a list, the widest first, and those of one scope by name. */
export function configuredLimits({ concurrency }: RunnerLimits): readonly ConfiguredLimit[] {
  const named = (scope: LimitScope, limits: Readonly<Record<string, number>>): ConfiguredLimit[] =>
    Object.entries(limits)
      .map(([name, max]) => ({ scope, name, max }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  const one = (scope: LimitScope, max: number | null): ConfiguredLimit[] =>
    max === null ? [] : [{ scope, name: '', max }];
  return [
    ...one('total', concurrency.total),
    ...named('provider', concurrency.providers),
    ...named('kind', concurrency.kinds),
    ...one('each_workspace', concurrency.eachWorkspace),
    ...named('workspace', concurrency.workspaces),
  ];
}

/** The limits with one of concurrency set, or taken away where `max` is null. `name` counts only for scopes that have one. */
export function withLimit(limits: RunnerLimits, scope: LimitScope, name: string, max: number | null): RunnerLimits {
  const { concurrency } = limits;
  const changed = (): Partial<RunnerLimits['concurrency']> => {
    switch (scope) {
      case 'total':
        return { total: max };
      case 'each_workspace':
        return { eachWorkspace: max };
      case 'provider':
        return { providers: withEntry(concurrency.providers, name, max) };
      case 'kind':
        return { kinds: withEntry(concurrency.kinds, name, max) };
      case 'workspace':
        return { workspaces: withEntry(concurrency.workspaces, name, max) };
    }
  };
  return { ...limits, concurrency: { ...concurrency, ...changed() } };
}

/** The limits with the rate of one provider set, or taken away where it is null. */
export function withRate(limits: RunnerLimits, provider: string, rate: ProviderRate | null): RunnerLimits {
  return { ...limits, rates: withEntry(limits.rates, provider, rate) };
}

/** How a limit is named in a sentence. */
export function limitWords(scope: LimitScope, name: string): string {
  switch (scope) {
    case 'total':
      return 'all attempts together';
    case 'each_workspace':
      return 'each workspace';
    case 'provider':
    case 'kind':
    case 'workspace':
      return `${scope} ${name}`;
  }
}

/** How a provider's rate is said in a sentence. */
export function rateWords({ requestsPerMinute, tokensPerMinute, tokensPerRequest }: ProviderRate): string {
  const words = [
    ...(requestsPerMinute === null ? [] : [`${requestsPerMinute} requests a minute`]),
    ...(tokensPerMinute === null ? [] : [`${tokensPerMinute} tokens a minute at ${tokensPerRequest} a request`]),
  ];
  return words.length === 0 ? 'unlimited' : words.join(' and ');
}

/** What changes from one set of limits to another, one sentence each; none where nothing does. */
export function limitChanges(before: RunnerLimits, after: RunnerLimits): readonly string[] {
  const concurrency = differences(
    new Map(configuredLimits(before).map((limit) => [limitWords(limit.scope, limit.name), atOnce(limit.max)])),
    new Map(configuredLimits(after).map((limit) => [limitWords(limit.scope, limit.name), atOnce(limit.max)])),
  );
  const rates = differences(
    new Map(Object.entries(before.rates).map(([provider, rate]) => [`provider ${provider}`, rateWords(rate)])),
    new Map(Object.entries(after.rates).map(([provider, rate]) => [`provider ${provider}`, rateWords(rate)])),
  );
  return [...concurrency, ...rates];
}

function atOnce(max: number): string {
  return max === 0 ? 'nothing may begin' : `${max} at once`;
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, next] = [before.get(name) ?? 'no limit', after.get(name) ?? 'no limit'];
    return old === next ? [] : [`${name}: ${old} → ${next}`];
  });
}

function withEntry<Value>(
  entries: Readonly<Record<string, Value>>,
  name: string,
  value: Value | null,
): Record<string, Value> {
  const others = Object.entries(entries).filter(([other]) => other !== name);
  return Object.fromEntries(value === null ? others : [...others, [name, value]]);
}
