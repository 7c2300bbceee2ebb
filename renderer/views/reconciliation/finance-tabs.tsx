import type { ReactNode } from 'react';
import { Link, useRoute } from 'wouter';

const TABS = [
  { path: '/reconciliation', says: 'Findings' },
  { path: '/reconciliation/runs', says: 'Runs' },
  { path: '/reconciliation/mends', says: 'Mends' },
  { path: '/reconciliation/months', says: 'Months' },
  { path: '/reconciliation/statements', says: 'Statements' },
  { path: '/reconciliation/margin', says: 'Margin' },
  { path: '/reconciliation/invoices', says: 'Invoices' },
] as const;

/** Leads from one screen of finance to the others. */
export function FinanceTabs(): ReactNode {
  return (
    <nav aria-label="Finance" className="finance-tabs">
      <ul>
        {TABS.map((tab) => (
          <Tab key={tab.path} {...tab} />
        ))}
      </ul>
    </nav>
  );
}

function Tab({ path, says }: { path: string; says: string }): ReactNode {
  const [isHere] = useRoute(path);
  return (
    <li>
      <Link href={path} aria-current={isHere ? 'page' : undefined}>
        {says}
      </Link>
    </li>
  );
}
