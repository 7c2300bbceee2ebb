import { Columns3 } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { CheckItem, ClearItem } from '../../components/menu-items.tsx';
import { useColumnLayout } from '../../state/table-columns.ts';
import { JOBS_COLUMNS, shownColumns, type JobsColumns } from './jobs-columns.ts';

/** Chooses the columns of the list; stays open while choosing. */
export function ColumnsMenu({ columns }: { columns: JobsColumns }): ReactNode {
  const shown = shownColumns(columns);
  const reset = useColumnLayout((layout) => layout.reset);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="icon-button" aria-label="Columns" title="Columns">
        <Columns3 aria-hidden size={16} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
        <DropdownMenu.Label className="menu-label">Columns</DropdownMenu.Label>
        {JOBS_COLUMNS.map((column) => (
          <CheckItem
            key={column.id}
            isChosen={shown.includes(column)}
            isDisabled={column.id === 'job'}
            onChange={(isShown) => columns.getColumn(column.id)?.toggleVisibility(isShown)}
          >
            {column.title}
          </CheckItem>
        ))}
        <ClearItem onSelect={reset}>As at first</ClearItem>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
