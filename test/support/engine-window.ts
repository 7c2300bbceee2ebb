import { engineEventSchema, type EngineEvent } from '#contract/events.ts';
import type { RequestName, RequestParams, RequestResult } from '#contract/requests.ts';
import { REQUESTS } from '#contract/requests.ts';
import type { EngineStatus, WireError } from '#contract/status.ts';
import { toWindowSchema } from '#contract/wire.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Engine } from '#engine/engine.ts';
import type { EnginePort } from '#engine/port.ts';

/** A window without a page: asks an engine over a port as the page does, and hears its events. */
export class EngineWindow {
  readonly #listeners: ((event: { readonly data: unknown }) => void)[] = [];
  readonly #closers: (() => void)[] = [];
  readonly #waiting = new Map<number, (reply: Result<unknown, WireError>) => void>();
  readonly #watching = new Set<(event: EngineEvent) => void>();
  #lastId = 0;

  constructor(engine: Engine) {
    const port: EnginePort = {
      on: (event: 'message' | 'close', listener: (message: { readonly data: unknown }) => void) => {
        if (event === 'message') this.#listeners.push(listener);
        else this.#closers.push(() => listener({ data: null }));
      },
      // What crosses a port is a copy: nothing that it cannot carry may be in it.
      postMessage: (message) => this.#receive(structuredClone(message)),
      start: () => undefined,
      close: () => undefined,
    };
    engine.connect(port);
  }

  /** Asks one request and parses the answer by the contract. */
  async ask<Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
  ): Promise<Result<RequestResult<Name>, WireError>> {
    const id = (this.#lastId += 1);
    const reply = new Promise<Result<unknown, WireError>>((resolve) => this.#waiting.set(id, resolve));
    for (const listener of this.#listeners) listener({ data: { type: 'request', id, name, params } });
    const answer = await reply;
    if (!answer.ok) return answer;
    // The schema of a looked-up request is not tied to its result's type (microsoft/TypeScript#30581).
    return ok(REQUESTS[name].result.parse(answer.value) as RequestResult<Name>);
  }

  /** The first event from now on for which the predicate holds. */
  next(predicate: (event: EngineEvent) => boolean): Promise<EngineEvent> {
    return new Promise((resolve) => {
      const watch = (event: EngineEvent): void => {
        if (!predicate(event)) return;
        this.#watching.delete(watch);
        resolve(event);
      };
      this.#watching.add(watch);
    });
  }

  /** The engine's status as soon as the predicate holds for it, which it may do already. */
  async untilStatus(predicate: (status: EngineStatus) => boolean): Promise<EngineStatus> {
    const later = this.next((event) => event.name === 'status.changed' && predicate(event.status));
    const now = await this.ask('status.get', {});
    if (now.ok && predicate(now.value)) return now.value;
    const event = await later;
    if (event.name !== 'status.changed') throw new Error(`an event of the name ${event.name}`);
    return event.status;
  }

  close(): void {
    for (const closer of this.#closers) closer();
  }

  #receive(data: unknown): void {
    const message = toWindowSchema.parse(data);
    if (message.type === 'events') {
      for (const event of message.events) {
        const parsed = engineEventSchema.parse(event);
        for (const watch of this.#watching) watch(parsed);
      }
      return;
    }
    const answer = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    answer?.(message.type === 'result' ? ok(message.result) : err(message.error));
  }
}
