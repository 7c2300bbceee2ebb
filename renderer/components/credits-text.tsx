import type { ReactNode } from 'react';
import { formatCredits, shownDollars } from '#domain/credits.ts';
import { useCreditScale } from '../state/engine-queries.tsx';

/** Credits of the smallest unit with the decimals of the settings, in tabular figures. `isSigned` writes a plus too. */
export function Credits({ credits, isSigned = false }: { credits: number; isSigned?: boolean }): ReactNode {
  const scale = useCreditScale();
  return (
    <span className="tabular">
      {isSigned && credits > 0 ? '+' : ''}
      {formatCredits(credits, scale)}
    </span>
  );
}

/** Provider cost in micro-USD as dollars with six decimals; a dash where it is not known. */
export function ProviderCost({ microUsd }: { microUsd: number | null }): ReactNode {
  if (microUsd === null) return <span className="muted">not known</span>;
  return <span className="tabular">{shownDollars(microUsd)}</span>;
}
