import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';

// Electron's module is its runtime, which is no part of this: only the menu's data are looked at.
vi.mock('electron', () => ({ Menu: {} }));
const { menuTemplate } = await import('../../../electron/main/menu.ts');

interface Item {
  readonly label?: string;
  readonly role?: string;
  readonly accelerator?: string;
  readonly click?: unknown;
  readonly submenu?: readonly Item[];
}

function itemsOf(platform: NodeJS.Platform, go: (route: string) => void = () => undefined): readonly Item[] {
  return menuTemplate(platform, go) as unknown as readonly Item[];
}

describe('the native menu', () => {
  it('is of the kind that each system has', () => {
    expect(itemsOf('darwin').map(({ role, label }) => role ?? label)).toEqual([
      'appMenu',
      'File',
      'editMenu',
      'View',
      'Go',
      'windowMenu',
      'help',
    ]);
    expect(itemsOf('linux')[0]).toMatchObject({ label: 'File', submenu: [{ role: 'quit' }] });
    expect(itemsOf('darwin')[1]).toMatchObject({ label: 'File', submenu: [{ role: 'close' }] });
  });

  it('leads to screens that the window has, each by a shortcut of its own', () => {
    const routes: string[] = [];
    const all = itemsOf('win32', (route) => routes.push(route)).flatMap(({ submenu }) => submenu ?? []);
    for (const { click } of all) if (typeof click === 'function') Reflect.apply(click, undefined, []);
    const app = readFileSync(fileURLToPath(new URL('../../../renderer/app/app.tsx', import.meta.url)), 'utf8');
    expect(routes.length).toBe(10);
    expect(routes.filter((route) => !app.includes(`path="${route}"`))).toEqual([]);
    const keys = all.flatMap(({ accelerator }) => accelerator ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
