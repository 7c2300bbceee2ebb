/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
import type { ReactNode } from 'react';
import type { FleetLimitsView } from '#contract/fleet-views.ts';
import { counted } from '#domain/counted.ts';
import { rateWords } from '#domain/runner-limit-change.ts';
import { RelativeTime } from '../../components/time-text.tsx';

/** How often a provider may be asked, and what is left of it; without a rate nothing can be left. */
export function RateRow({ provider, view }: { provider: string; view: FleetLimitsView }): ReactNode {
  const rate = Object.hasOwn(view.limits.rates, provider) ? view.limits.rates[provider] : undefined;
  const now = view.rates.find((one) => one.provider === provider);
  const heldBackUntilMs = now?.heldBackUntilMs ?? null;
  const left = [
    ...(rate?.requestsPerMinute && now?.requestsLeft !== undefined && now.requestsLeft !== null
      ? [`${counted(now.requestsLeft, 'request')} left`]
      : []),
    ...(rate?.tokensPerMinute && now?.tokensLeft !== undefined && now.tokensLeft !== null
      ? [`${counted(now.tokensLeft, 'token')} left`]
      : []),
  ].join(', ');
  return (
    <tr>
      <th scope="row">
        <bdi>provider {provider}</bdi>
      </th>
      <td className="tabular">{rate === undefined ? 'no rate' : rateWords(rate)}</td>
      <td className="tabular">
        {rate === undefined ? heldBackUntilMs === null && <span className="muted">–</span> : left || 'not used yet'}
        {heldBackUntilMs !== null && (
          <span className="cell-note">
            the provider asked to be left alone until <RelativeTime atMs={heldBackUntilMs} />
          </span>
        )}
      </td>
    </tr>
  );
}
