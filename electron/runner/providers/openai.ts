import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import type { FailureEvidence } from '#domain/failure.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Generated, GenerationFailure, GenerationRequest, GenerationSink, Provider } from '../provider.ts';

/** How to reach a provider that speaks OpenAI's API. */
export interface OpenAiOptions {
  /** The name that jobs call it by. */
  readonly name: string;
  readonly baseUrl: string;
  /** Never logged. */
  readonly apiKey: string;
  /** What a model costs, in micro-USD for a million tokens in and out, and for an image; null where it is not known. */
  readonly priceOf?: (model: string) => ModelPrice | null;
}

/** A model's price; micro-USD. */
export interface ModelPrice {
  readonly perMillionTokensIn: number;
  readonly perMillionTokensOut: number;
  readonly perImage: number;
}

const WEBSITE_INSTRUCTION =
  'Answer with one complete HTML document and nothing else: no explanation, no code fence. Use no script, style or image from another site.';

/** Generates websites and images through OpenAI's API: chat completions, streamed, and images. */
export function openAiProvider(options: OpenAiOptions): Provider {
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey,
    // Whether and when to try again is decided in one place for the whole program, and that is not here.
    maxRetries: 0,
    logLevel: 'off',
  });
  const priceOf = options.priceOf ?? (() => null);
  return {
    name: options.name,
    generate: async (request, sink, signal) => {
      try {
        return request.kind === 'image'
          ? await generateImage(client, request, sink, signal, priceOf(request.model))
          : await generatePage(client, request, sink, signal, priceOf(request.model));
      } catch (cause) {
        return err(failureOf(cause));
      }
    },
  };
}

function requestOptions(request: GenerationRequest, signal: AbortSignal) {
  return { signal, timeout: request.timeoutMs, idempotencyKey: request.idempotencyKey };
}

async function generatePage(
  client: OpenAI,
  request: GenerationRequest,
  sink: GenerationSink,
  signal: AbortSignal,
  price: ModelPrice | null,
): Promise<Result<Generated, GenerationFailure>> {
  const stream = await client.chat.completions.create(
    {
      model: request.model,
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: WEBSITE_INSTRUCTION },
        { role: 'user', content: `${request.prompt}\n\nOptions: ${JSON.stringify(request.options)}` },
      ],
    },
    requestOptions(request, signal),
  );
  let acceptanceId: string | null = null;
  let characters = 0;
  let cost: number | null = null;
  let refusal = '';
  let finish: string | null = null;
  for await (const chunk of stream) {
    if (acceptanceId === null && chunk.id !== '') {
      acceptanceId = chunk.id;
      await sink.accepted(acceptanceId);
    }
    const [choice] = chunk.choices;
    refusal += choice?.delta.refusal ?? '';
    finish = choice?.finish_reason ?? finish;
    const text = choice?.delta.content ?? '';
    if (text !== '') {
      await sink.write(Buffer.from(text, 'utf8'));
      characters += text.length;
      // How long a page gets is not known beforehand; the share only ever approaches the whole.
      sink.progress(1 - 1 / (1 + characters / 4000), `${characters} characters`);
    }
    if (chunk.usage && price !== null) {
      cost = Math.round(
        (chunk.usage.prompt_tokens * price.perMillionTokensIn +
          chunk.usage.completion_tokens * price.perMillionTokensOut) /
          1_000_000,
      );
    }
  }
  if (refusal !== '' || finish === 'content_filter') {
    return failed({ source: 'content_refusal', message: refusal || 'The provider refused the content.' }, cost);
  }
  if (finish === null)
    return failed({ source: 'network', code: 'stream_cut', message: 'The reply ended before it was complete.' }, cost);
  if (finish === 'length') return failed({ source: 'reply', message: "The reply was cut at the model's limit." }, cost);
  return characters === 0
    ? failed({ source: 'reply', message: 'The reply holds no content.' }, cost)
    : ok({ providerCostMicroUsd: cost });
}

async function generateImage(
  client: OpenAI,
  request: GenerationRequest,
  sink: GenerationSink,
  signal: AbortSignal,
  price: ModelPrice | null,
): Promise<Result<Generated, GenerationFailure>> {
  const { size } = request.options;
  const { data, response } = await client.images
    .generate(
      {
        model: request.model,
        prompt: request.prompt,
        n: 1,
        response_format: 'b64_json',
        // The library lists the sizes of OpenAI's own models; a compatible provider may know others.
        ...(typeof size === 'string' ? { size: size as '512x512' } : {}),
      },
      requestOptions(request, signal),
    )
    .withResponse();
  await sink.accepted(response.headers.get('x-request-id') ?? `image-${data.created}`);
  const base64 = data.data?.[0]?.b64_json;
  const cost = price?.perImage ?? null;
  if (base64 === undefined) return failed({ source: 'reply', message: 'The reply holds no image.' }, cost);
  await sink.write(Buffer.from(base64, 'base64'));
  sink.progress(1, 'image received');
  return ok({ providerCostMicroUsd: cost });
}

function failed(evidence: FailureEvidence, cost: number | null): Result<never, GenerationFailure> {
  return err({ evidence, retryAfterMs: 0, providerCostMicroUsd: cost });
}

function failureOf(cause: unknown): GenerationFailure {
  return { evidence: evidenceOf(cause), retryAfterMs: retryAfterOf(cause), providerCostMicroUsd: null };
}

function evidenceOf(cause: unknown): FailureEvidence {
  if (cause instanceof APIUserAbortError) return { source: 'cancelled', message: 'The attempt was stopped.' };
  if (cause instanceof APIConnectionTimeoutError) return { source: 'network', code: 'timeout', message: cause.message };
  if (cause instanceof APIConnectionError) {
    return { source: 'network', code: networkCodeOf(cause.cause), message: cause.message };
  }
  if (cause instanceof APIError && typeof cause.status === 'number') {
    return { source: 'http', status: cause.status, code: cause.code ?? undefined, message: cause.message };
  }
  if (cause instanceof SyntaxError) return { source: 'reply', message: 'The reply is not readable JSON.' };
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = networkCodeOf(cause);
  return code === 'failed' ? { source: 'exception', message } : { source: 'network', code, message };
}

/** The system's code of a lost connection, wherever in the chain of causes it stands. */
function networkCodeOf(cause: unknown): string {
  for (let current = cause, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    if (current.message === 'terminated') return 'terminated';
  }
  return 'failed';
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, section 10.2.3). */
function retryAfterOf(cause: unknown): number {
  const headers: unknown = cause instanceof APIError ? cause.headers : null;
  const header = headers instanceof Headers ? headers.get('retry-after') : null;
  if (header === null || header === '') return 0;
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(waitMs) ? Math.min(Math.max(0, Math.round(waitMs)), 3_600_000) : 0;
}
