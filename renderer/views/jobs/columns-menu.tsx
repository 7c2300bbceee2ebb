import { Check, Columns3 } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
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
          <DropdownMenu.CheckboxItem
            key={column.id}
            className="menu-item"
            checked={shown.includes(column)}
            disabled={column.id === 'job'}
            onCheckedChange={(isShown) => columns.getColumn(column.id)?.toggleVisibility(isShown)}
            onSelect={(event) => event.preventDefault()}
          >
            <span className="menu-check">
              <DropdownMenu.ItemIndicator>
                <Check aria-hidden size={14} />
              </DropdownMenu.ItemIndicator>
            </span>
            {column.title}
          </DropdownMenu.CheckboxItem>
        ))}
        <DropdownMenu.Separator className="menu-separator" />
        <DropdownMenu.Item className="menu-item" onSelect={reset}>
          <span className="menu-check" />
          As at first
        </DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
