import type { z } from 'zod';
import { engineEventSchema, type EngineEvent } from '#contract/events.ts';
import { REQUESTS, type RequestName, type RequestParams, type RequestResult } from '#contract/requests.ts';
import { wireErrorSchema, type WireError } from '#contract/status.ts';
import { BRIDGE_NAME, type WindowBridge } from '#contract/wire.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** Asks the engine and hears its events. Everything that arrives is parsed before anybody here sees it. */
export interface EngineClient {
  /**
   * Sends one request. Expected failures are values with a code of the catalogue; it never rejects.
   * @param signal aborted where nobody waits any more: the engine then stops working on it, and answers `cancelled`
   */
  call<Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
    signal?: AbortSignal,
  ): Promise<Result<RequestResult<Name>, WireError>>;
  /** Calls the listener with each batch of events, in order, until the returned function is called. */
  subscribe(listener: (events: readonly EngineEvent[]) => void): () => void;
}

/** How much of a mismatch between window and engine is told. */
const DETAIL_MAX = 300;

/** Builds the client on the bridge that the preload exposes. */
export function createEngineClient(bridge: WindowBridge): EngineClient {
  let lastTicket = 0;
  return {
    async call<Name extends RequestName>(name: Name, params: RequestParams<Name>, signal?: AbortSignal) {
      if (signal?.aborted === true) return err({ code: 'cancelled', detail: null });
      const ticket = (lastTicket += 1);
      const onAbort = (): void => bridge.cancel(ticket);
      signal?.addEventListener('abort', onAbort, { once: true });
      const reply = await bridge.invoke(name, params, ticket);
      signal?.removeEventListener('abort', onAbort);
      if (!reply.ok) return err(parseFailure(reply.error));
      return parseResult(name, RESULTS[name].result, reply.result);
    },
    subscribe: (listener) =>
      bridge.subscribe((batch) => {
        const events = batch.map((event) => safeParse(engineEventSchema, event)).flatMap((parsed) => parsed.data ?? []);
        // An event that does not parse comes from an engine of another version; its requests fail with a code that says so.
        if (events.length > 0) listener(events);
      }),
  };
}

/** The bridge that the preload put on the page, null where the page was opened by something else than Runledger. */
export function findBridge(page: object): WindowBridge | null {
  const found: unknown = BRIDGE_NAME in page ? page[BRIDGE_NAME] : null;
  return isBridge(found) ? found : null;
}

function isBridge(value: unknown): value is WindowBridge {
  return (
    typeof value === 'object' &&
    value !== null &&
    'invoke' in value &&
    typeof value.invoke === 'function' &&
    'cancel' in value &&
    typeof value.cancel === 'function' &&
    'subscribe' in value &&
    typeof value.subscribe === 'function'
  );
}

/** The contract once more, in the form in which the compiler follows a request's name to the type of its result. */
const RESULTS: { readonly [Name in RequestName]: { readonly result: z.ZodType<RequestResult<Name>> } } = REQUESTS;

function parseResult<Value>(name: RequestName, schema: z.ZodType<Value>, result: unknown): Result<Value, WireError> {
  const parsed = safeParse(schema, result);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const detail = `${name}: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, DETAIL_MAX);
  return err({ code: 'malformed_request', detail });
}

function parseFailure(error: unknown): WireError {
  const parsed = safeParse(wireErrorSchema, error);
  return parsed.success ? parsed.data : { code: 'internal', detail: 'The engine failed without a known code.' };
}
