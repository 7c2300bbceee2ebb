import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { z } from 'zod';
import { microUsdSchema } from '#domain/credits.ts';
import type { FailureEvidence } from '#domain/failure.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstFailureOf, safeParse } from '#domain/safe-parse.ts';
import type { Generated, GenerationFailure, GenerationRequest, GenerationSink, Provider } from '../provider.ts';
import { evidenceOfThrown, failed, networkCodeOf, retryAfterMsOf } from './failed-call.ts';
import { download } from './http-exchange.ts';
import { providerNameSchema, type ProviderSetup } from './provider-setup.ts';

const priceSchema = z.strictObject({
  perMillionTokensIn: microUsdSchema.default(0),
  perMillionTokensOut: microUsdSchema.default(0),
  perImage: microUsdSchema.default(0),
});
/** What a model costs, in micro-USD: a million tokens in and out, and an image. */
export type ModelPrice = z.infer<typeof priceSchema>;

/** A provider that speaks OpenAI's API. */
const openAiSettingsSchema = z.strictObject({
  type: z.literal('openai'),
  name: providerNameSchema,
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** The name of its key in the key store. */
  key: z.string().min(1).max(100),
  /** By model, `*` for all that are not named; without a price the cost is not known. */
  prices: z.record(z.string(), priceSchema).default({}),
  /** How pictures are asked for; some models know only one way and refuse the question. */
  imageReply: z.enum(['b64_json', 'url', 'unspecified']).default('b64_json'),
});
export type OpenAiSettings = z.input<typeof openAiSettingsSchema>;

const tokensSchema = z.number().nonnegative();
const usageSchema = z.object({ prompt_tokens: tokensSchema, completion_tokens: tokensSchema });
type TokenUsage = z.infer<typeof usageSchema>;

const textSchema = z.string().nullish();

/**
 * A piece of a streamed reply. Services that speak OpenAI's API leave out what its library has in every reply, or have null for it. What
 * was paid for is not thrown away for its name, or for how many tokens it took: one that cannot be read is none.
 */
const pieceSchema = z.object({
  id: textSchema.catch(null).transform((id) => id ?? ''),
  choices: z
    .array(
      z.object({
        delta: z.object({ content: textSchema, refusal: textSchema }).nullish(),
        finish_reason: textSchema,
      }),
    )
    .nullish()
    .transform((choices) => choices ?? []),
  usage: usageSchema.nullable().default(null).catch(null),
});

const imageReplySchema = z.object({
  created: z.number().nullish().catch(null),
  data: z
    .array(z.object({ b64_json: textSchema, url: textSchema }))
    .nullish()
    .transform((images) => images ?? []),
});

const INSTRUCTIONS: Readonly<Record<string, string>> = {
  website:
    'Answer with one complete HTML document and nothing else: no explanation, no code fence. Use no script, style or image from another site.',
  document:
    'Answer with the document itself, in Markdown, and nothing else; where the options hold a JSON Schema, with one JSON value that it describes. No explanation, no code fence.',
  data: 'Answer with one JSON value and nothing else: no explanation, no code fence. Where the options hold a JSON Schema, the value must be one that it describes.',
};

/** Texts (websites, documents, data) through chat completions, streamed, and pictures through OpenAI's API. */
export const openAiSetup: ProviderSetup<typeof openAiSettingsSchema> = {
  settingsSchema: openAiSettingsSchema,
  keysOf: ({ key }) => [key],
  make: (settings, { secret }) => openAiProvider(settings, secret(settings.key)),
};

/** @param apiKey never logged */
export function openAiProvider(options: OpenAiSettings, apiKey: string): Provider {
  const settings = openAiSettingsSchema.parse(options);
  const client = new OpenAI({
    baseURL: settings.baseUrl,
    // The client refuses to be made without a key, which a provider on this machine may not want.
    apiKey: apiKey === '' ? 'none' : apiKey,
    // Whether and when to try again is decided in one place for the whole program, and that is not here.
    maxRetries: 0,
    logLevel: 'off',
  });
  return {
    name: settings.name,
    generate: async (request, sink, signal) => {
      const price = settings.prices[request.model] ?? settings.prices['*'] ?? null;
      try {
        if (request.kind === 'image')
          return await generateImage(client, settings.imageReply, request, sink, signal, price);
        const instruction = INSTRUCTIONS[request.kind];
        if (instruction !== undefined) return await generateText(client, instruction, request, sink, signal, price);
      } catch (cause) {
        return err(failureOf(cause));
      }
      return failed({ source: 'input', message: `${settings.name} makes no jobs of the kind ${request.kind}.` });
    },
  };
}

function requestOptions(request: GenerationRequest, signal: AbortSignal) {
  // Not by the client's own option `idempotencyKey`, which it sends only under a header that its subclasses name.
  return { signal, timeout: request.timeoutMs, headers: { 'Idempotency-Key': request.idempotencyKey } };
}

async function generateText(
  client: OpenAI,
  instruction: string,
  request: GenerationRequest,
  sink: GenerationSink,
  signal: AbortSignal,
  price: ModelPrice | null,
): Promise<Result<Generated, GenerationFailure>> {
  const { data: stream, response } = await client.chat.completions
    .create(
      {
        model: request.model,
        stream: true,
        stream_options: { include_usage: true },
        messages: [
          { role: 'system', content: instruction },
          { role: 'user', content: `${request.prompt}\n\nOptions: ${JSON.stringify(request.options)}` },
        ],
      },
      requestOptions(request, signal),
    )
    .withResponse();
  if (response.headers.get('content-type')?.includes('event-stream') !== true) {
    stream.controller.abort();
    return failed({ source: 'reply', message: 'The reply is no stream of events.' });
  }
  // The first piece may be long in coming; that the request was accepted is known with the reply's head.
  const named = response.headers.get('x-request-id');
  let acceptanceId = named === '' ? null : named;
  if (acceptanceId !== null) await sink.accepted(acceptanceId);
  let characters = 0;
  let cost: number | null = null;
  let usage: TokenUsage | null = null;
  let refusal = '';
  let finish: string | null = null;
  for await (const chunk of stream) {
    const piece = safeParse(pieceSchema, chunk);
    if (!piece.success) {
      stream.controller.abort();
      return failed(
        { source: 'reply', message: `A piece of the reply cannot be read: ${firstFailureOf(piece.error)}` },
        cost,
      );
    }
    const { id, choices } = piece.data;
    if (acceptanceId === null && id !== '') {
      acceptanceId = id;
      await sink.accepted(acceptanceId);
    }
    const [choice] = choices;
    refusal += choice?.delta?.refusal ?? '';
    finish = choice?.finish_reason ?? finish;
    const text = choice?.delta?.content ?? '';
    if (text !== '') {
      await sink.write(Buffer.from(text, 'utf8'));
      characters += text.length;
      // How long a text gets is not known beforehand; the share only ever approaches the whole.
      sink.progress(1 - 1 / (1 + characters / 4000), `${characters} characters`);
    }
    if (piece.data.usage !== null) {
      usage = piece.data.usage;
      if (price !== null) cost = costOfTokens(usage, price);
    }
  }
  // Some services tell it with every piece, as far as it has come.
  if (usage !== null) sink.tokensUsed(usage.prompt_tokens + usage.completion_tokens);
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

function costOfTokens(usage: TokenUsage, { perMillionTokensIn, perMillionTokensOut }: ModelPrice): number {
  return Math.round(
    (usage.prompt_tokens * perMillionTokensIn + usage.completion_tokens * perMillionTokensOut) / 1_000_000,
  );
}

async function generateImage(
  client: OpenAI,
  imageReply: z.output<typeof openAiSettingsSchema>['imageReply'],
  request: GenerationRequest,
  sink: GenerationSink,
  signal: AbortSignal,
  price: ModelPrice | null,
): Promise<Result<Generated, GenerationFailure>> {
  const { size, format } = request.options;
  const { data, response } = await client.images
    .generate(
      {
        model: request.model,
        prompt: request.prompt,
        n: 1,
        ...(imageReply === 'unspecified' ? {} : { response_format: imageReply }),
        // The library lists the sizes of OpenAI's own models; a compatible provider may know others.
        ...(typeof size === 'string' ? { size: size as '512x512' } : {}),
        // Models without it make what they make by themselves, which is a PNG; then nothing else was asked for either.
        ...(format === 'jpeg' || format === 'webp' ? { output_format: format } : {}),
      },
      requestOptions(request, signal),
    )
    .withResponse();
  // Not by its second alone, which others have too, and some providers leave out: one name must be one purchase.
  const named = response.headers.get('x-request-id') ?? '';
  const reply = safeParse(imageReplySchema, data);
  await sink.accepted(named === '' ? `image-${reply.data?.created ?? 'undated'}-${request.idempotencyKey}` : named);
  const cost = price?.perImage ?? null;
  if (!reply.success)
    return failed({ source: 'reply', message: `The reply cannot be read: ${firstFailureOf(reply.error)}` }, cost);
  const [image] = reply.data.data;
  if (typeof image?.b64_json === 'string') await sink.write(Buffer.from(image.b64_json, 'base64'));
  else if (typeof image?.url === 'string') {
    const downloaded = await download(image.url, { signal }, sink);
    if (!downloaded.ok) return err({ ...downloaded.error, providerCostMicroUsd: cost });
  } else return failed({ source: 'reply', message: 'The reply holds no image.' }, cost);
  sink.progress(1, 'image received');
  return ok({ providerCostMicroUsd: cost });
}

function failureOf(cause: unknown): GenerationFailure {
  const headers: unknown = cause instanceof APIError ? cause.headers : null;
  return {
    evidence: evidenceOf(cause),
    retryAfterMs: headers instanceof Headers ? retryAfterMsOf(headers, Date.now()) : 0,
    providerCostMicroUsd: null,
  };
}

function evidenceOf(cause: unknown): FailureEvidence {
  if (cause instanceof APIUserAbortError) return { source: 'cancelled', message: 'The attempt was stopped.' };
  if (cause instanceof APIConnectionTimeoutError) return { source: 'network', code: 'timeout', message: cause.message };
  if (cause instanceof APIConnectionError) {
    return { source: 'network', code: networkCodeOf(cause.cause) ?? 'failed', message: cause.message };
  }
  if (cause instanceof APIError) {
    // As they came: services that speak OpenAI's API have numbers for codes.
    const status: unknown = cause.status;
    const code: unknown = cause.code;
    return {
      source: 'http',
      status: typeof status === 'number' ? status : statusOfCode(code),
      code: typeof code === 'string' ? code : undefined,
      message: cause.message,
    };
  }
  return evidenceOfThrown(cause);
}

/** An error that comes in the middle of a stream has no status but where its code is one. */
function statusOfCode(code: unknown): number {
  const named = Number(code);
  return named >= 400 && named < 600 ? named : 500;
}
