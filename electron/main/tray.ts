import { Menu, nativeImage, Tray, type NativeImage } from 'electron';
import { trayStateOf, type TrayAction, type TrayState } from './tray-state.ts';
import type { EngineStatus } from '#contract/status.ts';

const SIZE_PX = 32;
/** Nobody watches a tray as they watch a window: it follows this often, in milliseconds, and at once only when its mark changes. */
const EVERY_MS = 5000;
const COLOURS: Readonly<Record<TrayState['mark'], readonly [red: number, green: number, blue: number]>> = {
  well: [46, 125, 50],
  paused: [176, 120, 0],
  trouble: [198, 40, 40],
};

/**
 * The icon in the system's tray: says how generation is, pauses this machine's runner, opens the window. Three shapes tell the marks
 * apart where colours do not: a disc, two bars, and a ring.
 */
export class HealthTray {
  readonly #onAction: (action: Exclude<TrayAction, null>) => void;
  #tray: Tray | null = null;
  #shown: TrayState | null = null;
  #next: NodeJS.Timeout | null = null;
  #latest: EngineStatus | null = null;

  constructor(onAction: (action: Exclude<TrayAction, null>) => void) {
    this.#onAction = onAction;
  }

  /** Shows the engine's last status; null where there is none. */
  show(status: EngineStatus | null): void {
    this.#latest = status;
    if (this.#next !== null && trayStateOf(status).mark === this.#shown?.mark) return;
    if (this.#next !== null) clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      this.#next = null;
      this.#draw();
    }, EVERY_MS).unref();
    this.#draw();
  }

  #draw(): void {
    const state = trayStateOf(this.#latest);
    if (JSON.stringify(state) === JSON.stringify(this.#shown)) return;
    this.#shown = state;
    const icon = iconOf(state.mark);
    if (this.#tray === null) {
      this.#tray = new Tray(icon);
      this.#tray.on('click', () => this.#onAction('open'));
    } else this.#tray.setImage(icon);
    this.#tray.setToolTip(state.tooltip);
    const template = state.items.map(({ label, action }) =>
      action === null ? { label, enabled: false } : { label, click: () => this.#onAction(action) },
    );
    this.#tray.setContextMenu(Menu.buildFromTemplate(template));
  }
}

/** Drawn here, so that no file has to be found on each system. */
function iconOf(mark: TrayState['mark']): NativeImage {
  const [red, green, blue] = COLOURS[mark];
  const bitmap = Buffer.alloc(SIZE_PX * SIZE_PX * 4);
  const middle = (SIZE_PX - 1) / 2;
  for (let y = 0; y < SIZE_PX; y += 1)
    for (let x = 0; x < SIZE_PX; x += 1) {
      const distance = Math.hypot(x - middle, y - middle);
      if (!isInside(mark, { x, y, distance })) continue;
      // Electron's bitmaps are in the order blue, green, red, opacity.
      bitmap.set([blue, green, red, 255], (y * SIZE_PX + x) * 4);
    }
  return nativeImage.createFromBitmap(bitmap, { width: SIZE_PX, height: SIZE_PX, scaleFactor: 2 });
}

function isInside(
  mark: TrayState['mark'],
  { x, y, distance }: { readonly x: number; readonly y: number; readonly distance: number },
): boolean {
  switch (mark) {
    case 'well':
      return distance < 13;
    case 'paused':
      return y > 4 && y < 27 && ((x > 6 && x < 13) || (x > 18 && x < 25));
    case 'trouble':
      return distance < 14 && distance > 8;
  }
}
