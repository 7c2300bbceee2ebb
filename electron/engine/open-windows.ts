import type { EngineEvent } from '#contract/events.ts';
import type { EnginePort } from './port.ts';
import { WindowSession, type SessionContext } from './window-session.ts';

/** The windows that are served, each over a port of its own. */
export class OpenWindows {
  readonly #sessions = new Set<WindowSession>();

  /** Serves a window until it closes its port. @param first what it is told at once */
  serve(port: EnginePort, context: SessionContext, first: EngineEvent): void {
    const session = new WindowSession(port, context, (closed) => this.#sessions.delete(closed));
    this.#sessions.add(session);
    session.publish(first);
  }

  publish(event: EngineEvent): void {
    for (const session of this.#sessions) session.publish(event);
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}
