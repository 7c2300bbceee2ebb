import { Check } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';

/** A line of a menu that is chosen or not, whatever else is; the menu stays open while choosing. */
export function CheckItem({
  isChosen,
  isDisabled = false,
  onChange,
  children,
}: {
  isChosen: boolean;
  isDisabled?: boolean;
  onChange: (isChosen: boolean) => void;
  children: ReactNode;
}): ReactNode {
  return (
    <DropdownMenu.CheckboxItem
      className="menu-item"
      checked={isChosen}
      disabled={isDisabled}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <Mark />
      {children}
    </DropdownMenu.CheckboxItem>
  );
}

/** A line of a menu of which one of a group is chosen. */
export function RadioItem({ value, children }: { value: string; children: ReactNode }): ReactNode {
  return (
    <DropdownMenu.RadioItem className="menu-item" value={value}>
      <Mark />
      {children}
    </DropdownMenu.RadioItem>
  );
}

/** A line below others that are chosen, which takes their choice away. */
export function ClearItem({ onSelect, children }: { onSelect: () => void; children: ReactNode }): ReactNode {
  return (
    <>
      <DropdownMenu.Separator className="menu-separator" />
      <DropdownMenu.Item className="menu-item" onSelect={onSelect}>
        <span className="menu-check" />
        {children}
      </DropdownMenu.Item>
    </>
  );
}

function Mark(): ReactNode {
  return (
    <span className="menu-check">
      <DropdownMenu.ItemIndicator>
        <Check aria-hidden size={14} />
      </DropdownMenu.ItemIndicator>
    </span>
  );
}
