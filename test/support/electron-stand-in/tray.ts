import { say, StandInEmitter } from './refusing.ts';

/** Electron's `Tray`. The stand-in has no place in the system's tray: it writes to the log, once, what would stand there. */
export class StandInTray extends StandInEmitter {
  #isTold = false;

  constructor(_image: object) {
    super('Tray', ['click', 'double-click', 'right-click']);
  }

  setImage(_image: object): void {
    // Seen by nobody here.
  }

  setToolTip(text: string): void {
    if (!text.includes(' connected to ') || this.#isTold) return;
    this.#isTold = true;
    say(`there is no tray here; it would say: ${text}`);
  }

  setContextMenu(_menu: object): void {
    // Opened by nobody here.
  }
}
