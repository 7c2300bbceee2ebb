import type { ReactNode } from 'react';

/**
 * A column's name. One of numbers stands at the right; one that is hidden is only read aloud, and so is that of a column of boxes to
 * choose by.
 */
export type ColumnHead =
  string | { readonly number: string } | { readonly hidden: string } | { readonly choose: string };

/** The head of a plain table, a name a column. */
export function TableHead({ columns }: { columns: readonly ColumnHead[] }): ReactNode {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const { name, className, isHidden } = headOf(column);
          return (
            <th key={name} scope="col" className={className}>
              {isHidden ? <span className="visually-hidden">{name}</span> : name}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function headOf(column: ColumnHead): {
  readonly name: string;
  readonly className: string | undefined;
  readonly isHidden: boolean;
} {
  if (typeof column === 'string') return { name: column, className: undefined, isHidden: false };
  if ('number' in column) return { name: column.number, className: 'number', isHidden: false };
  if ('choose' in column) return { name: column.choose, className: 'choose-cell', isHidden: true };
  return { name: column.hidden, className: undefined, isHidden: true };
}
