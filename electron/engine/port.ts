/**
 * One end of a message port as the engine sees it. Electron's `MessagePortMain` has this shape, and so has whatever stands
 * in for it; the engine itself is plain Node and knows neither.
 */
export interface EnginePort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** The way back to the process that started the engine: Electron's `process.parentPort` in a utility process. */
export interface ParentPort {
  on(
    event: 'message',
    listener: (event: { readonly data: unknown; readonly ports: readonly EnginePort[] }) => void,
  ): unknown;
  postMessage(message: unknown): void;
}
