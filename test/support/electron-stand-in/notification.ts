import { say, StandInEmitter } from './refusing.ts';

/**
 * Electron's `Notification`. The stand-in has no hold on the desktop's own: it writes what would be shown to the log, and nobody
 * can click it there.
 */
export class Notification extends StandInEmitter {
  readonly #options: { readonly title: string; readonly body: string };

  constructor(options: { readonly title: string; readonly body: string }) {
    super('Notification', ['click', 'close', 'show', 'failed']);
    this.#options = options;
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    const line = (text: string): string => text.replaceAll(/\s+/g, ' ');
    say(`notification: ${line(this.#options.title)}: ${line(this.#options.body)}`);
    this.emit('show', {});
  }
}
