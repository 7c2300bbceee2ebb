import type { FailureEvidence } from '#domain/failure.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { CallbackDesk, Expectation } from '../callback-desk.ts';
import type { Generated, GenerationFailure, GenerationRequest, GenerationSink, Provider } from '../provider.ts';
import { failed } from './failed-call.ts';
import { download, exchange, parseReply, type ErrorReader } from './http-exchange.ts';
import { httpSettingsSchema, keysOfHeaders, type HttpSettings, type ParsedHttpSettings } from './http-settings.ts';
import { addressOf, fillBody, fillText, hasPlaceholder } from './http-template.ts';
import { textAt, valueAt } from './json-pointer.ts';
import { lookForAccepted, pollUntilDone, type Look } from './polling.ts';
import type { ProviderSetup } from './provider-setup.ts';

/** Any provider over HTTP that takes JSON and answers JSON, described by its settings alone. */
export const httpSetup: ProviderSetup<typeof httpSettingsSchema> = {
  settingsSchema: httpSettingsSchema,
  keysOf: keysOfHeaders,
  make: (settings, { secret, callbacks }) => httpProvider(settings, secret, callbacks),
};

/**
 * @param secret the key of a name that the settings' headers refer to; never logged
 * @param callbacks where the provider can call back. Throws where the settings need one and there is none.
 */
export function httpProvider(
  options: HttpSettings,
  secret: (name: string) => string,
  callbacks: CallbackDesk | null,
): Provider {
  const settings = httpSettingsSchema.parse(options);
  const caller = new HttpCaller(settings, secret);
  const { result } = settings;
  const provider: Provider = {
    name: settings.name,
    generate: async (request, sink, signal) => {
      const expectation =
        result.how === 'callback' ? deskOf(settings, callbacks).expect(settings.name, request.idempotencyKey) : null;
      try {
        const submitted = await caller.submit(request, expectation?.url ?? '', signal);
        if (!submitted.ok) return submitted;
        const id = textAt(submitted.value, settings.read.id);
        if (id === null || id === '') return failed({ source: 'reply', message: 'The reply names no generation.' });
        await sink.accepted(id);
        if (result.how === 'reply') return await caller.deliver(submitted.value, sink, signal);
        return await waitFor(caller, { id, request, expectation, sink, signal });
      } finally {
        expectation?.end();
      }
    },
  };
  if (result.how !== 'reply' && result.look !== null) provider.collect = collectOf(caller, result.look.pollMs);
  if (settings.cancel !== null) provider.cancel = (id, signal) => caller.cancel(id, signal);
  return provider;
}

function deskOf(settings: ParsedHttpSettings, callbacks: CallbackDesk | null): CallbackDesk {
  if (callbacks === null) throw new Error(`${settings.name} calls back, and nothing listens.`);
  return callbacks;
}

function collectOf(caller: HttpCaller, everyMs: number): NonNullable<Provider['collect']> {
  return async (id, request, sink, signal) => {
    const found = await lookForAccepted({ look: (lookSignal) => caller.look(id, lookSignal), everyMs, signal });
    if (found?.ok !== true) return found;
    if (caller.isCancelled(found.value)) return null;
    await sink.accepted(id);
    return waitFor(caller, { id, request, expectation: null, sink, signal });
  };
}

/** What a provider has accepted, and how it is waited for. */
interface Accepted {
  readonly id: string;
  readonly request: GenerationRequest;
  readonly expectation: Expectation | null;
  readonly sink: GenerationSink;
  readonly signal: AbortSignal;
}

/** Waits for what was accepted, by asking, by being called, or both: then a call only lets the next question come at once. */
async function waitFor(
  caller: HttpCaller,
  { id, request, expectation, sink, signal }: Accepted,
): Promise<Result<Generated, GenerationFailure>> {
  const { result } = caller.settings;
  const look = result.how === 'reply' ? null : result.look;
  if (look === null) {
    if (expectation === null) return failed({ source: 'reply', message: 'Nobody tells the result.' });
    return deliverCalled(caller, id, expectation, sink, signal);
  }
  let isCalled = false;
  const nudged = async (until: AbortSignal): Promise<void> => {
    // A second call of the same generation says nothing new.
    await (isCalled || expectation === null ? aborted(until) : expectation.received(until));
    isCalled = true;
  };
  const ended = await pollUntilDone<unknown>({
    look: async (lookSignal) => {
      const body = await caller.look(id, lookSignal);
      return body.ok ? ok(caller.lookAt(body.value)) : body;
    },
    progress: sink.progress,
    everyMs: look.pollMs,
    timeoutMs: request.timeoutMs,
    signal,
    ...(expectation === null ? {} : { nudged }),
  });
  return ended.ok ? caller.deliver(ended.value, sink, signal) : ended;
}

/**
 * Waits for the call that is the last word on a generation. Others say how far it is, are of another purchase, or cannot be read: none of
 * them says that what was bought will not come.
 */
async function deliverCalled(
  caller: HttpCaller,
  id: string,
  expectation: Expectation,
  sink: GenerationSink,
  signal: AbortSignal,
): Promise<Result<Generated, GenerationFailure>> {
  for (;;) {
    const body = parseReply(await expectation.received(signal));
    if (!body.ok) continue;
    const named = textAt(body.value, caller.settings.read.id);
    if (named !== null && named !== id) continue;
    const look = caller.lookAt(body.value);
    if (look.type === 'done') return caller.deliver(body.value, sink, signal);
    sink.progress(look.fraction ?? 0, look.message);
  }
}

/** Rejects when the signal is aborted, at once where it was before. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** The calls of one provider, and what its replies mean. */
class HttpCaller {
  readonly settings: ParsedHttpSettings;
  readonly #secret: (name: string) => string;
  readonly #errors: ErrorReader;

  constructor(settings: ParsedHttpSettings, secret: (name: string) => string) {
    this.settings = settings;
    this.#secret = secret;
    const { error, errorCode } = settings.read;
    this.#errors = {
      code: (body) => (errorCode === null ? null : textAt(body, errorCode)),
      message: (body) => (error === null ? null : textAt(body, error)),
    };
  }

  submit(
    request: GenerationRequest,
    callbackUrl: string,
    signal: AbortSignal,
  ): Promise<Result<unknown, GenerationFailure>> {
    const { url, method, body } = this.settings.submit;
    const values = { ...request, callbackUrl };
    return this.#call(url, {
      method,
      headers: { ...this.#headers((text) => fillText(text, values)), 'Content-Type': 'application/json' },
      body: JSON.stringify(fillBody(body, values)),
      signal,
    });
  }

  look(id: string, signal: AbortSignal): Promise<Result<unknown, GenerationFailure>> {
    const { result } = this.settings;
    if (result.how === 'reply' || result.look === null) {
      return Promise.resolve(failed({ source: 'reply', message: 'The provider cannot be asked for results.' }));
    }
    const { url, method } = result.look;
    return this.#call(addressOf(url, id), { method, headers: this.#headers(), signal });
  }

  async cancel(id: string, signal: AbortSignal): Promise<void> {
    const { cancel } = this.settings;
    if (cancel === null) return;
    await this.#call(addressOf(cancel.url, id), { method: cancel.method, headers: this.#headers(), signal });
  }

  isCancelled(body: unknown): boolean {
    return this.settings.read.cancelled.includes(this.#statusOf(body) ?? '');
  }

  lookAt(body: unknown): Look<unknown> {
    const { read } = this.settings;
    const status = this.#statusOf(body);
    const isOver = status === null || [...read.done, ...read.failed, ...read.cancelled].includes(status);
    if (isOver) return { type: 'done', done: body };
    const progress = read.progress === null ? null : Number(textAt(body, read.progress) ?? Number.NaN);
    const fraction = progress === null || !Number.isFinite(progress) ? null : progress > 1 ? progress / 100 : progress;
    return { type: 'pending', fraction, message: status };
  }

  /** Writes the output of a reply that is the last word on a generation, or says why there is none. */
  async deliver(
    body: unknown,
    sink: GenerationSink,
    signal: AbortSignal,
  ): Promise<Result<Generated, GenerationFailure>> {
    const { read } = this.settings;
    const cost = this.#costOf(body);
    const status = this.#statusOf(body);
    const output = valueAt(body, read.output.at);
    const isDone = status === null ? output !== undefined : read.done.includes(status);
    if (!isDone) return failed(this.#evidenceOf(body, status), cost);
    const written = await this.#write(output, sink, signal);
    if (!written.ok) return err({ ...written.error, providerCostMicroUsd: cost });
    sink.progress(1, 'output received');
    return ok({ providerCostMicroUsd: cost });
  }

  async #write(output: unknown, sink: GenerationSink, signal: AbortSignal): Promise<Result<void, GenerationFailure>> {
    const { read } = this.settings;
    if (output === undefined || output === null)
      return failed({ source: 'reply', message: 'The reply holds no output.' });
    if (read.output.as === 'json') await sink.write(Buffer.from(JSON.stringify(output), 'utf8'));
    else if (typeof output !== 'string') return failed({ source: 'reply', message: 'The output is no text.' });
    else if (read.output.as === 'url') return this.#download(output, sink, signal);
    else await sink.write(Buffer.from(output, read.output.as === 'base64' ? 'base64' : 'utf8'));
    return ok(undefined);
  }

  async #download(
    address: string,
    sink: GenerationSink,
    signal: AbortSignal,
  ): Promise<Result<void, GenerationFailure>> {
    const base = this.settings.submit.url;
    if (!URL.canParse(address, base)) return failed({ source: 'reply', message: 'The output is no address.' });
    const url = new URL(address, base);
    if (!['http:', 'https:', 'data:'].includes(url.protocol)) {
      return failed({ source: 'reply', message: `The output is at an address of the kind ${url.protocol}` });
    }
    const isOwn = this.settings.read.outputWithHeaders && url.origin === new URL(base).origin;
    return download(url.href, isOwn ? { headers: this.#headers(), signal, redirect: 'error' } : { signal }, sink);
  }

  #statusOf(body: unknown): string | null {
    const { status } = this.settings.read;
    return status === null ? null : (textAt(body, status) ?? 'without a status');
  }

  #costOf(body: unknown): number | null {
    const { cost } = this.settings.read;
    const told = cost === null ? '' : (textAt(body, cost.at) ?? '').trim();
    // A text without a digit is taken for 0 by `Number`, and a metered generation would cost nothing.
    const metered = told === '' ? Number.NaN : Number(told);
    const microUsd = cost === null ? Number.NaN : Math.round(metered * cost.microUsd);
    return Number.isSafeInteger(microUsd) && microUsd >= 0 ? microUsd : null;
  }

  #evidenceOf(body: unknown, status: string | null): FailureEvidence {
    const code = this.#errors.code(body);
    const message = this.#errors.message(body) ?? `The generation ended as ${status ?? 'nothing'}.`;
    const classified = this.#classified(code, message);
    if (classified !== null) return classified;
    if (this.isCancelled(body)) return { source: 'http', status: 503, code: 'generation_canceled', message };
    return { source: 'generation', code: code || 'generation_failed', message };
  }

  #classified(code: string | null, message: string): FailureEvidence | null {
    if (code !== null && this.settings.refusalCodes.includes(code)) return { source: 'content_refusal', message };
    if (code !== null && this.settings.inputCodes.includes(code)) return { source: 'input', message };
    return null;
  }

  async #call(url: string, init: RequestInit): Promise<Result<unknown, GenerationFailure>> {
    const reply = await exchange(url, init, this.#errors);
    if (reply.ok) return parseReply(reply.value.text === '' ? 'null' : reply.value.text);
    const { evidence } = reply.error;
    const classified = evidence.source === 'http' ? this.#classified(evidence.code ?? null, evidence.message) : null;
    return classified === null ? reply : err({ ...reply.error, evidence: classified });
  }

  /** Headers of a call; those that speak of a request are left out of calls that are none. */
  #headers(fill: ((text: string) => string) | null = null): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.settings.headers)
        .filter(([, value]) => fill !== null || typeof value !== 'string' || !hasPlaceholder(value))
        .map(([name, value]) => {
          if (typeof value === 'string') return [name, fill === null ? value : fill(value)];
          return [name, `${value.prefix}${this.#secret(value.key)}`];
        }),
    );
  }
}
