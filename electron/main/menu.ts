import { Menu, type MenuItemConstructorOptions } from 'electron';

/** A screen that the menu leads to, with the digit of its shortcut. */
const SCREENS = [
  { label: 'Health', route: '/health' },
  { label: 'Jobs', route: '/jobs' },
  { label: 'Failures', route: '/failures' },
  { label: 'Reconciliation', route: '/reconciliation' },
  { label: 'Runners', route: '/runners' },
  { label: 'Retry plans', route: '/plans' },
  { label: 'People', route: '/people' },
  { label: 'Audit', route: '/audit' },
  { label: 'Connections', route: '/connections' },
] as const;

/** Sets the native menu: the system's own roles, so that each shortcut is the one that its users know. */
export function setMenu(platform: NodeJS.Platform, go: (route: string) => void): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(platform, go)));
}

/**
 * The menu as data. Developer tools and reload stay in: this is a tool for people who look into things.
 * @param go shows a screen of the window
 */
export function menuTemplate(platform: NodeJS.Platform, go: (route: string) => void): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin';
  return [
    ...(isMac ? [{ role: 'appMenu' } as const] : []),
    { label: 'File', submenu: [isMac ? { role: 'close' } : { role: 'quit' }] },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    {
      label: 'Go',
      submenu: SCREENS.map(({ label, route }, index) => ({
        label,
        accelerator: `CmdOrCtrl+${index + 1}`,
        click: () => go(route),
      })),
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ label: 'Doctor and diagnostics', click: () => go('/doctor') }] },
  ];
}
