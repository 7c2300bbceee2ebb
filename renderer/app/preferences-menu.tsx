import { Contrast, Monitor, Moon, Sun, type LucideIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { RadioItem } from '../components/menu-items.tsx';
import { themeSchema, timeZoneSchema, usePreferences, type Theme, type TimeZone } from '../state/preferences.ts';

const THEMES: Readonly<Record<Theme, { readonly name: string; readonly icon: LucideIcon }>> = {
  system: { name: 'As the system', icon: Monitor },
  light: { name: 'Light', icon: Sun },
  dark: { name: 'Dark', icon: Moon },
  contrast: { name: 'High contrast', icon: Contrast },
};
const ZONES: Readonly<Record<TimeZone, string>> = { local: 'Of this machine', utc: 'UTC' };

/** How the window looks and in which zone it shows times. Not modal: a modal menu locks scrolling by a style element. */
export function PreferencesMenu(): ReactNode {
  const { theme, timeZone, setTheme, setTimeZone } = usePreferences();
  const Icon = THEMES[theme].icon;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="icon-button" aria-label="Theme and times" title="Theme and times">
        <Icon aria-hidden size={16} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="menu" side="top" align="start" sideOffset={6}>
        <DropdownMenu.Label className="menu-label">Theme</DropdownMenu.Label>
        <DropdownMenu.RadioGroup value={theme} onValueChange={(value) => setTheme(themeSchema.parse(value))}>
          {themeSchema.options.map((option) => (
            <RadioItem key={option} value={option}>
              {THEMES[option].name}
            </RadioItem>
          ))}
        </DropdownMenu.RadioGroup>
        <DropdownMenu.Separator className="menu-separator" />
        <DropdownMenu.Label className="menu-label">Exact times</DropdownMenu.Label>
        <DropdownMenu.RadioGroup value={timeZone} onValueChange={(value) => setTimeZone(timeZoneSchema.parse(value))}>
          {timeZoneSchema.options.map((option) => (
            <RadioItem key={option} value={option}>
              {ZONES[option]}
            </RadioItem>
          ))}
        </DropdownMenu.RadioGroup>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
