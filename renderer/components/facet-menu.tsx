import { ChevronDown } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { CheckItem, ClearItem } from './menu-items.tsx';

interface FacetMenuProps {
  readonly name: string;
  readonly selected: readonly string[];
  /** `count` is null where nobody counted. */
  readonly options: readonly { readonly value: string; readonly says: string; readonly count: number | null }[];
  readonly onChange: (selected: readonly string[]) => void;
}

/** A menu of values, of which any number may be chosen; it stays open while choosing. Not in a portal: what hangs at the page's end stands outside every landmark. */
export function FacetMenu({ name, selected, options, onChange }: FacetMenuProps): ReactNode {
  const toggle = (value: string): void =>
    onChange(selected.includes(value) ? selected.filter((other) => other !== value) : [...selected, value]);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button" disabled={options.length === 0}>
        {name}
        {selected.length > 0 && <span className="button-count">{selected.length}</span>}
        <ChevronDown aria-hidden size={14} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="menu" align="start" sideOffset={4} collisionPadding={8}>
        {options.map(({ value, says, count }) => (
          <CheckItem key={value} isChosen={selected.includes(value)} onChange={() => toggle(value)}>
            <bdi>{says}</bdi>
            {count !== null && <span className="menu-count tabular">{count.toLocaleString('en')}</span>}
          </CheckItem>
        ))}
        {selected.length > 0 && <ClearItem onSelect={() => onChange([])}>Any {name.toLowerCase()}</ClearItem>}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
