import { EventEmitter } from 'node:events';

/** What main's listeners are told of the frame that sent a message. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: SenderFrame | null;
}

/** Electron's `ipcMain`, for messages without a reply. */
export class IpcMain {
  readonly #channels = new EventEmitter();

  on(channel: string, listener: (event: object, ...args: unknown[]) => void): this {
    this.#channels.on(channel, listener);
    return this;
  }

  removeListener(channel: string, listener: (event: object, ...args: unknown[]) => void): this {
    this.#channels.removeListener(channel, listener);
    return this;
  }

  /** A message of a page. */
  receive(channel: string, event: object, args: readonly unknown[]): void {
    this.#channels.emit(channel, event, ...args);
  }
}

export const ipcMain = new IpcMain();
