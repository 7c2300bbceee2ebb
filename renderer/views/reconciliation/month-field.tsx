import { CalendarDays } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useSearch } from 'wouter';
import { navigateTo } from '../../app/hash-location.ts';
import { ScreenMessage } from '../../components/screen-message.tsx';
import { monthHref, parseMonthQuery, type MonthView } from '../../state/finance-query-string.ts';

/** The month that a screen's address is about, and the way to another one; begins with the last one that is over. */
export function useMonth(path: string): [MonthView, (part: Partial<MonthView>) => void] {
  const query = useSearch();
  const [now] = useState(() => new Date());
  const view = parseMonthQuery(query, now);
  // A month and a name are typed digit by digit: nobody wants to take each back.
  return [view, (part) => navigateTo(monthHref(path, { ...view, ...part }), { replace: true })];
}

/** Chooses a month. */
export function MonthField({ period, onChange }: { period: string; onChange: (period: string) => void }): ReactNode {
  return (
    <label className="run-field">
      Month
      <input type="month" value={period} max="9999-12" onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

/** Stands where the figures of a month would, while its field is empty. */
export function NoMonthMessage(): ReactNode {
  return (
    <ScreenMessage icon={CalendarDays} title="No month is chosen">
      Choose one above.
    </ScreenMessage>
  );
}
