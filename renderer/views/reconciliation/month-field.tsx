import { useState, type ReactNode } from 'react';

/** A month that somebody looks at; begins with the last one that is over. */
export function useMonth(): [string, (period: string) => void] {
  return useState(() => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
  });
}

/** Chooses a month. */
export function MonthField({ period, onChange }: { period: string; onChange: (period: string) => void }): ReactNode {
  return (
    <label className="run-field">
      Month
      <input type="month" value={period} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
