import { z } from 'zod';
import { engineEventSchema } from './events.ts';
import { wireErrorSchema } from './status.ts';

/**
 * The messages on the port between a window and the engine. Everything is plain JSON, so that a port may clone it or write it
 * as text. Each side parses what it receives.
 */
export const toEngineSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('request'),
    id: z.int().nonnegative(),
    /** A name of the contract; checked apart, so that an unknown one is answered and not dropped. */
    name: z.string().max(100),
    params: z.unknown(),
  }),
  z.object({ type: z.literal('cancel'), id: z.int().nonnegative() }),
]);
export type ToEngine = z.infer<typeof toEngineSchema>;

export const toWindowSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('result'), id: z.int().nonnegative(), result: z.unknown() }),
  z.object({ type: z.literal('failure'), id: z.int().nonnegative(), error: wireErrorSchema }),
  /** At most one such message a frame and port. */
  z.object({ type: z.literal('events'), events: z.array(engineEventSchema).max(100) }),
]);
export type ToWindow = z.infer<typeof toWindowSchema>;

/** What the preload exposes to the page as `window.runledger`: nothing else crosses. */
export interface WindowBridge {
  /**
   * Sends one request of the contract. Never rejects: a failure is a value.
   * @param ticket the page's own number for it, by which it can be cancelled
   */
  invoke(name: string, params: unknown, ticket?: number): Promise<BridgeReply>;
  /** Says that nobody waits any more for what was sent with this ticket; it may still be answered. */
  cancel(ticket: number): void;
  /** Calls the listener with each batch of events until the returned function is called. */
  subscribe(listener: (events: readonly unknown[]) => void): () => void;
}

/** The answer of the engine to one request, not yet parsed by the request's own schema. */
export type BridgeReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly detail: string | null } };

/** The name under which the preload exposes the bridge. */
export const BRIDGE_NAME = 'runledger';

/** The channel on which main hands a window its port to the engine. */
export const PORT_CHANNEL = 'engine-port';
