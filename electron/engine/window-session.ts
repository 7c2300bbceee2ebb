import { CHANGED_IDS_MAX, type EngineEvent } from '#contract/events.ts';
import type { PersonStatus } from '#contract/person-views.ts';
import { refusalOf } from '#contract/request-refusal.ts';
import { auditKindOf, type RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, requestNameSchema, type ParsedParams, type RequestName } from '#contract/requests.ts';
import type { WireError } from '#contract/status.ts';
import { toEngineSchema, type ToWindow } from '#contract/wire.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import type { Actor } from '#domain/ledger.ts';
import { refusalCode, type Access } from '#domain/people.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Asking, Handler, Handlers } from './handlers/handler.ts';
import type { EnginePort } from './port.ts';
import { cleanReply } from './redaction/clean-reply.ts';

/** What a session needs from the engine around it. */
export interface SessionContext {
  readonly handlers: Handlers;
  /** Who sits at this window and what they may do now; everything else is refused here, whatever the window shows. */
  readonly person: () => {
    readonly actor: Actor;
    readonly access: Access;
    readonly lacking: PersonStatus['lacking'];
  };
  /** What hides texts from them now; null where nothing does. */
  readonly lens: () => Lens | null;
  /** Null where the audit cannot be written; then nothing that must be recorded is done. */
  readonly audit: Pick<AuditTrail, 'begin' | 'view'> | null;
  readonly log: (line: string, cause?: unknown) => void;
}

/** Requests of one window that may be under way at once; one more is refused. */
const REQUESTS_UNDER_WAY_MAX = 64;
/** One frame at 60 Hz: events are gathered for this long, in milliseconds. */
const EVENT_BATCH_MS = 16;

/**
 * The engine's side of one window's port. Every message is distrusted: parsed, its permission checked, its parameters parsed
 * by the request's schema, and answered exactly once with a result or a typed failure.
 */
export class WindowSession {
  readonly #port: EnginePort;
  readonly #context: SessionContext;
  readonly #underWay = new Map<number, AbortController>();
  /** Of each event that tells a whole state, the last one. */
  readonly #states = new Map<EngineEvent['name'], EngineEvent>();
  #changedIds = new Set<string>();
  #hasMoreIds = false;
  #flushTimer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(port: EnginePort, context: SessionContext, onClose: (session: WindowSession) => void) {
    this.#port = port;
    this.#context = context;
    port.on('message', (event) => this.#receive(event.data));
    port.on('close', () => {
      this.close();
      onClose(this);
    });
    port.start();
  }

  /** Queues an event for the window; it goes out with the next batch, and of two states only the last. */
  publish(event: EngineEvent): void {
    if (this.#isClosed) return;
    if (event.name === 'jobs.changed') {
      for (const id of event.jobIds) this.#changedIds.add(id);
      this.#hasMoreIds ||= event.hasMore;
    } else {
      this.#states.set(event.name, event);
    }
    this.#flushTimer ??= setTimeout(() => this.#flush(), EVENT_BATCH_MS);
  }

  /** Cancels what is under way and lets go of the port. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    for (const controller of this.#underWay.values()) controller.abort();
    this.#port.close();
  }

  #flush(): void {
    this.#flushTimer = null;
    const events = [...this.#states.values()];
    if (this.#changedIds.size > 0 || this.#hasMoreIds) {
      const jobIds = [...this.#changedIds].slice(0, CHANGED_IDS_MAX);
      events.push({
        name: 'jobs.changed',
        jobIds,
        hasMore: this.#hasMoreIds || this.#changedIds.size > jobIds.length,
      });
    }
    this.#states.clear();
    this.#changedIds = new Set();
    this.#hasMoreIds = false;
    this.#send({ type: 'events', events });
  }

  #send(message: ToWindow): void {
    if (!this.#isClosed) this.#port.postMessage(message);
  }

  #receive(data: unknown): void {
    const parsed = safeParse(toEngineSchema, data);
    if (!parsed.success) {
      // Without a readable id there is nobody to answer; the log keeps that it came, not what it held.
      this.#context.log('a window sent a message that is none of the contract');
      return;
    }
    const message = parsed.data;
    if (message.type === 'cancel') {
      this.#underWay.get(message.id)?.abort();
      return;
    }
    if (this.#underWay.has(message.id)) return;
    const controller = new AbortController();
    this.#underWay.set(message.id, controller);
    const answer =
      this.#underWay.size > REQUESTS_UNDER_WAY_MAX
        ? Promise.resolve(
            failure(message.id, appError('timed_out', `more than ${REQUESTS_UNDER_WAY_MAX} requests at once`)),
          )
        : this.#answer(message.id, message.name, message.params, controller.signal);
    void answer.then((reply) => {
      this.#underWay.delete(message.id);
      this.#send(reply);
    });
  }

  async #answer(id: number, rawName: string, rawParams: unknown, signal: AbortSignal): Promise<ToWindow> {
    const name = safeParse(requestNameSchema, rawName);
    if (!name.success) return failure(id, appError('unknown_request', rawName));
    const definition: RequestDefinition = REQUESTS[name.data];
    const refusal = refusalOf(name.data, this.#context.person());
    if (refusal !== null) return failure(id, appError(refusalCode(refusal), refusal.detail));
    const params = safeParse(definition.params, rawParams);
    if (!params.success) {
      return failure(id, appError('malformed_request', firstIssueOf(params.error)));
    }
    const result = await this.#recorded(name.data, params.data, signal);
    if (signal.aborted) return failure(id, appError('cancelled'));
    try {
      return this.#seen(id, name.data, result);
    } catch (cause) {
      return failure(id, this.#defect(name.data, cause));
    }
  }

  /** An answer as the person at the window may see it. */
  #seen(id: number, name: RequestName, result: Result<unknown, AppError>): ToWindow {
    const lens = this.#context.lens();
    if (result.ok) return { type: 'result', id, result: cleanReply(name, result.value, lens) };
    const { code, detail } = result.error;
    return failure(id, appError(code, detail === null || lens === null ? detail : lens.clean(detail)));
  }

  /** Calls the handler, with what the audit has to keep of it before and after. */
  async #recorded(name: RequestName, params: unknown, signal: AbortSignal): Promise<Result<unknown, AppError>> {
    const kind = auditKindOf(REQUESTS[name]);
    const { audit } = this.#context;
    if (kind === 'none') return this.#called(name, params, signal, () => undefined);
    if (audit === null) return err(appError('audit_unusable'));
    if (kind === 'view') {
      const seen = audit.view(name, params);
      return seen.ok ? this.#called(name, params, signal, () => undefined) : seen;
    }
    const act = audit.begin(name, params);
    if (!act.ok) return act;
    const notes: Record<string, unknown> = {};
    const result = await this.#called(name, params, signal, (key, value) => {
      notes[key] = value;
    });
    act.value.end(result.ok ? 'done' : result.error.code, notes);
    return result;
  }

  async #called(
    name: RequestName,
    params: unknown,
    signal: AbortSignal,
    note: Asking['note'],
  ): Promise<Result<unknown, AppError>> {
    try {
      const { actor, access } = this.#context.person();
      const result = await callHandler(this.#context.handlers, name, params, { actor, access, signal, note });
      // A cause crosses no port, and of our own faults nobody else would hear of it.
      if (!result.ok && result.error.code === 'internal' && result.error.cause !== undefined) {
        this.#context.log(`request ${name}: ${result.error.detail ?? 'internal'}`, result.error.cause);
      }
      return result;
    } catch (cause) {
      return err(this.#defect(name, cause));
    }
  }

  #defect(name: RequestName, cause: unknown): AppError {
    this.#context.log(`request ${name} failed unexpectedly`, cause);
    return appError('internal', name);
  }
}

function callHandler<Name extends RequestName>(
  handlers: Handlers,
  name: Name,
  params: unknown,
  asking: Asking,
): ReturnType<Handler<Name>> {
  // TypeScript cannot tie a looked-up handler to the schema that has just parsed its parameters (microsoft/TypeScript#30581).
  const handler: Handler<Name> = handlers[name];
  return handler(params as ParsedParams<Name>, asking);
}

function failure(id: number, error: AppError): ToWindow {
  return { type: 'failure', id, error: toWireError(error) };
}

/** The part of an error that may cross a port: code and one line, never the cause. */
export function toWireError(error: AppError): WireError {
  return { code: error.code, detail: error.detail?.slice(0, 2000) ?? null };
}
