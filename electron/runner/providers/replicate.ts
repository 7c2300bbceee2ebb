import Replicate from 'replicate';
import { z } from 'zod';
import { microUsdSchema } from '#domain/credits.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstFailureOf, safeParse } from '#domain/safe-parse.ts';
import type { Generated, GenerationFailure, GenerationRequest, GenerationSink, Provider } from '../provider.ts';
import { evidenceOfThrown, failed } from './failed-call.ts';
import { download, exchange, type ErrorReader } from './http-exchange.ts';
import { lookForAccepted, pollUntilDone, type Look } from './polling.ts';
import { providerNameSchema, type ProviderSetup } from './provider-setup.ts';

/** A provider whose generations are predictions: created, looked after, cancelled. */
const replicateSettingsSchema = z.strictObject({
  type: z.literal('replicate'),
  name: providerNameSchema,
  baseUrl: z.url({ protocol: /^https?$/ }).default('https://api.replicate.com/v1'),
  key: z.string().min(1).max(100),
  /** What a second of prediction costs, in micro-USD, by model, `*` for all that are not named. */
  microUsdPerSecond: z.record(z.string(), microUsdSchema).default({}),
  pollMs: z.int().min(10).max(60_000).default(500),
});
export type ReplicateSettings = z.input<typeof replicateSettingsSchema>;
type Settings = z.output<typeof replicateSettingsSchema>;

/** By which a prediction is over. */
const ENDS: readonly string[] = ['succeeded', 'failed', 'canceled', 'aborted'];

/**
 * A prediction. Services that speak as Replicate does leave things out or have null for them, and have statuses of their own, as Replicate
 * has had more of from time to time. What was bought is not thrown away for any of it: a status that nobody knows is no end, and what else
 * cannot be read is not there.
 */
const predictionSchema = z.looseObject({
  id: z.string().min(1),
  status: z
    .string()
    .nullish()
    .catch(null)
    .transform((status) => status ?? 'without a status'),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  logs: z.string().nullish().catch(null),
  metrics: z
    .looseObject({ predict_time: z.number().nonnegative().nullish().catch(null) })
    .nullish()
    .catch(null),
});
type Prediction = z.infer<typeof predictionSchema>;

/** Words by which Replicate's models say that their filter, and not they, ended a prediction. */
const REFUSAL =
  /\b(nsfw|safety (?:checker|filter|system)|content (?:policy|moderation)|flagged as sensitive|moderat(?:ed|ion))\b/i;

const ERRORS: ErrorReader = {
  code: () => null,
  message: (body) => {
    const parsed = safeParse(z.object({ detail: z.string() }), body);
    return parsed.success ? parsed.data.detail : null;
  },
};

/** Predictions through Replicate's client, or what speaks as Replicate does. */
export const replicateSetup: ProviderSetup<typeof replicateSettingsSchema> = {
  settingsSchema: replicateSettingsSchema,
  keysOf: ({ key }) => [key],
  make: (settings, { secret }) => replicateProvider(settings, secret(settings.key)),
};

/** @param apiKey never logged */
export function replicateProvider(options: ReplicateSettings, apiKey: string): Provider {
  const settings = replicateSettingsSchema.parse(options);
  const call = (signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): PredictionCall =>
    new PredictionCall(settings.baseUrl, apiKey, signal, headers);
  const finish = (id: string, request: GenerationRequest, sink: GenerationSink, signal: AbortSignal) =>
    waitAndFetch({
      id,
      settings,
      request,
      sink,
      signal,
      look: (s) => call(s).run((client) => client.predictions.get(id)),
    });
  return {
    name: settings.name,
    generate: async (request, sink, signal) => {
      const headers = { 'Idempotency-Key': request.idempotencyKey };
      const created = await call(signal, headers).run((client) =>
        client.predictions.create({ ...modelOf(request.model), input: { ...request.options, prompt: request.prompt } }),
      );
      if (!created.ok) return created;
      await sink.accepted(created.value.id);
      return finish(created.value.id, request, sink, signal);
    },
    collect: async (acceptanceId, request, sink, signal) => {
      const look = (lookSignal: AbortSignal) => call(lookSignal).run((client) => client.predictions.get(acceptanceId));
      const found = await lookForAccepted({ look, everyMs: settings.pollMs, signal });
      if (found?.ok !== true) return found;
      // Nothing came of it and nothing will: what is wanted has to be made.
      if (found.value.status === 'canceled' || found.value.status === 'aborted') return null;
      await sink.accepted(acceptanceId);
      return finish(acceptanceId, request, sink, signal);
    },
    cancel: async (acceptanceId, signal) => {
      await call(signal).run((client) => client.predictions.cancel(acceptanceId));
    },
  };
}

/** `owner/name:version` and a bare version name a version, `owner/name` an official model. */
function modelOf(model: string): { readonly model: string } | { readonly version: string } {
  const version = /^(?:[^/:]+\/[^/:]+:)?([0-9a-f]{32,64})$/i.exec(model)?.[1];
  return version === undefined ? { model } : { version };
}

interface Waiting {
  readonly id: string;
  readonly settings: Settings;
  readonly request: GenerationRequest;
  readonly sink: GenerationSink;
  readonly signal: AbortSignal;
  readonly look: (signal: AbortSignal) => Promise<Result<Prediction, GenerationFailure>>;
}

async function waitAndFetch(waiting: Waiting): Promise<Result<Generated, GenerationFailure>> {
  const { settings, request, sink, signal } = waiting;
  const ended = await pollUntilDone<Prediction>({
    look: async (lookSignal) => {
      const prediction = await waiting.look(lookSignal);
      return prediction.ok ? ok(lookAt(prediction.value)) : prediction;
    },
    progress: sink.progress,
    everyMs: settings.pollMs,
    timeoutMs: request.timeoutMs,
    signal,
  });
  if (!ended.ok) return ended;
  const prediction = ended.value;
  const seconds = prediction.metrics?.predict_time ?? null;
  const price = settings.microUsdPerSecond[request.model] ?? settings.microUsdPerSecond['*'];
  const cost = seconds === null || price === undefined ? null : Math.round(seconds * price);
  if (prediction.status !== 'succeeded') return failedPrediction(prediction, cost);
  const written = await writeOutput(prediction.output, sink, signal);
  if (!written.ok) return err({ ...written.error, providerCostMicroUsd: cost });
  sink.progress(1, 'output received');
  return ok({ providerCostMicroUsd: cost });
}

function lookAt(prediction: Prediction): Look<Prediction> {
  if (ENDS.includes(prediction.status)) return { type: 'done', done: prediction };
  const percent = /(\d{1,3})%\|?[^%]*$/.exec(prediction.logs ?? '')?.[1];
  return {
    type: 'pending',
    fraction: percent === undefined ? null : Math.min(Number(percent), 100) / 100,
    message: prediction.status,
  };
}

function failedPrediction(prediction: Prediction, cost: number | null): Result<never, GenerationFailure> {
  const { error } = prediction;
  const said = typeof error === 'string' && error !== '' ? error : `The prediction ended as ${prediction.status}.`;
  if (REFUSAL.test(said)) return failed({ source: 'content_refusal', message: said }, cost);
  if (prediction.status === 'canceled' || prediction.status === 'aborted') {
    const message = 'The prediction was cancelled at the provider.';
    return failed({ source: 'http', status: 503, code: 'prediction_canceled', message }, cost);
  }
  return failed({ source: 'generation', code: 'prediction_failed', message: said }, cost);
}

/** An address or several are fetched (the first one counts), pieces of text are joined, any other value is kept as JSON. */
async function writeOutput(
  output: unknown,
  sink: GenerationSink,
  signal: AbortSignal,
): Promise<Result<void, GenerationFailure>> {
  const pieces: readonly unknown[] = Array.isArray(output) ? output : [output];
  const [first] = pieces;
  if (typeof first === 'string' && /^(?:https?|data):/i.test(first)) return download(first, { signal }, sink);
  if (first === undefined || first === null)
    return failed({ source: 'reply', message: 'The prediction has no output.' });
  const text = pieces.every((piece) => typeof piece === 'string') ? pieces.join('') : JSON.stringify(output);
  await sink.write(Buffer.from(text, 'utf8'));
  return ok(undefined);
}

/**
 * One call through the client, made once. The client by itself repeats each call up to five times after any thrown error, also
 * one that creates a prediction and whose reply was lost (`withAutomaticRetries` in its lib/util.js, release 1.4.0): that buys
 * again. So it is handed a `fetch` that never throws and gives it a status that it does not repeat; what really happened is
 * kept beside it. To be dropped when the client lets its repeats be turned off.
 */
class PredictionCall {
  readonly #client: Replicate;
  #failure: GenerationFailure | null = null;

  constructor(baseUrl: string, apiKey: string, signal: AbortSignal, headers: Readonly<Record<string, string>>) {
    this.#client = new Replicate({
      auth: apiKey,
      baseUrl,
      fetch: async (url, init) => {
        const all = { ...Object.fromEntries(new Headers(init?.headers)), ...headers };
        const reply = await exchange(url instanceof Request ? url.url : url, { ...init, headers: all, signal }, ERRORS);
        if (reply.ok) return new Response(reply.value.text, { status: 200 });
        this.#failure = reply.error;
        return new Response('', { status: 400 });
      },
    });
  }

  async run(call: (client: Replicate) => Promise<unknown>): Promise<Result<Prediction, GenerationFailure>> {
    try {
      const parsed = safeParse(predictionSchema, await call(this.#client));
      if (parsed.success) return ok(parsed.data);
      return failed({ source: 'reply', message: `No prediction: ${firstFailureOf(parsed.error)}` });
    } catch (cause) {
      return this.#failure === null ? failed(evidenceOfThrown(cause)) : err(this.#failure);
    }
  }
}
