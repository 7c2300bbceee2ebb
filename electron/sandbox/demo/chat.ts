import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';

/** What is read of a request for a chat completion. */
export const chatRequestSchema = z.object({
  model: z.string().min(1).max(200),
  stream: z.boolean().default(false),
  stream_options: z.object({ include_usage: z.boolean().default(false) }).nullish(),
  messages: z
    .array(z.object({ role: z.string(), content: z.string() }))
    .min(1)
    .max(100),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** A page that was asked for. */
export interface PageOrder {
  readonly prompt: string;
  readonly requiredParts: readonly string[];
}

const OPTIONS_LINE = /\n\nOptions: (\{.*\})$/s;
const optionsSchema = z.object({ requiredParts: z.array(z.string()).default([]) });
const CHUNKS = 6;

/** The page that a conversation asks for: its last message, with the options that Runledger writes behind the prompt. */
export function pageOrderOf(request: ChatRequest): PageOrder {
  const message = request.messages.at(-1)?.content ?? '';
  const options = safeParse(optionsSchema, parseJson(OPTIONS_LINE.exec(message)?.[1] ?? '{}'));
  return {
    prompt: message.replace(OPTIONS_LINE, ''),
    requiredParts: options.success ? options.data.requiredParts : [],
  };
}

/** JSON as a value, null where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

/** What a completion costs, as OpenAI counts it: about four characters to a token. */
function usageOf(request: ChatRequest, content: string) {
  const prompt = request.messages.reduce((sum, message) => sum + message.content.length, 0);
  const [promptTokens, completionTokens] = [Math.ceil(prompt / 4), Math.ceil(content.length / 4)];
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** A completion in one piece. */
export function completionOf(request: ChatRequest, id: string, content: string): object {
  return {
    id,
    object: 'chat.completion',
    created: 0,
    model: request.model,
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' }],
    usage: usageOf(request, content),
  };
}

/**
 * Writes a completion as server-sent events, in a handful of pieces.
 * @param pauseMs between two pieces; rejects with the signal's reason when it is aborted meanwhile
 */
export async function streamCompletion(
  response: ServerResponse,
  completion: {
    readonly request: ChatRequest;
    readonly id: string;
    readonly content: string;
    readonly pauseMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { request, id, content, pauseMs } = completion;
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const send = (fields: object): void => {
    const chunk = { id, object: 'chat.completion.chunk', created: 0, model: request.model, ...fields };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const size = Math.max(1, Math.ceil(content.length / CHUNKS));
  for (let at = 0; at < content.length; at += size) {
    const delta = { ...(at === 0 ? { role: 'assistant' } : {}), content: content.slice(at, at + size) };
    send({ choices: [{ index: 0, delta, finish_reason: null }] });
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal });
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  if (request.stream_options?.include_usage === true) send({ choices: [], usage: usageOf(request, content) });
  response.end('data: [DONE]\n\n');
}
