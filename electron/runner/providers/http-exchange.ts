import { err, ok, type Result } from '#domain/result.ts';
import type { GenerationFailure, GenerationSink } from '../provider.ts';
import { parseExactly } from '#domain/exact-json.ts';
import { evidenceOfThrown, failed, retryAfterMsOf } from './failed-call.ts';
import { ofLook } from './polling.ts';

/** A reply that is read whole may have this many bytes; artefacts are streamed and know no such limit here. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
const MESSAGE_LENGTH_MAX = 500;

/** A reply whose status says that the call succeeded. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Where a provider's error replies keep what they say; each function gives null where its part is missing. */
export interface ErrorReader {
  code(body: unknown): string | null;
  message(body: unknown): string | null;
}

/** Makes one call, once, and reads its reply. A status that is no success, a lost connection and a reply without end are failures. */
export async function exchange(
  url: string | URL,
  init: RequestInit,
  errors: ErrorReader,
): Promise<Result<Reply, GenerationFailure>> {
  try {
    // Not followed: a redirected call would take headers and prompt to where nobody meant them to go.
    const response = await fetch(url, { ...init, redirect: 'manual' });
    const text = await readText(response);
    if (text === null) return failed({ source: 'reply', message: `The reply has more than ${REPLY_BYTES_MAX} bytes.` });
    if (response.ok) return ok({ status: response.status, headers: response.headers, text });
    return err(failureOfStatus(response, text, errors));
  } catch (cause) {
    return failed(evidenceOfThrown(cause));
  }
}

/**
 * Streams what stands at an address into the artefact, without any header that the caller did not give. An output that is not there is a
 * failed generation (`output_gone`): the address came from the provider, and nothing that the customer could edit mends it. Any other
 * status says nothing of what was made, as a look that failed does not.
 */
export async function download(
  url: string,
  init: RequestInit,
  sink: Pick<GenerationSink, 'write'>,
): Promise<Result<void, GenerationFailure>> {
  let response: Response;
  try {
    response = await fetch(url, init);
    if (isGone(response.status)) {
      await response.body?.cancel();
      return failed({
        source: 'generation',
        code: 'output_gone',
        message: `Its output is not to be had: status ${response.status}.`,
      });
    }
    if (!response.ok) {
      const text = (await readText(response)) ?? '';
      return err(ofLook(failureOfStatus(response, text, { code: () => null, message: () => null })));
    }
    if (response.body === null) return failed({ source: 'reply', message: 'The output is empty.' });
  } catch (cause) {
    return failed(evidenceOfThrown(cause));
  }
  const chunks = response.body[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (cause) {
      return failed(evidenceOfThrown(cause));
    }
    if (next.done === true) return ok(undefined);
    // Outside of the try: a disk that is full is no fault of the provider's.
    await sink.write(next.value);
  }
}

/** Statuses by which an output is not there, or not any more. They say nothing of what the customer asked for. */
function isGone(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 402, 403, 408, 409, 425, 429].includes(status);
}

/** JSON as a value, a `reply` failure where it is none. */
export function parseReply(text: string): Result<unknown, GenerationFailure> {
  try {
    return ok(parseExactly(text));
  } catch (cause) {
    return failed(evidenceOfThrown(cause));
  }
}

function failureOfStatus(response: Response, text: string, errors: ErrorReader): GenerationFailure {
  const body = parseReply(text);
  const code = body.ok ? (errors.code(body.value) ?? undefined) : undefined;
  const said = (body.ok ? errors.message(body.value) : null) ?? text.trim();
  const message = said === '' ? `The provider answered with status ${response.status}.` : said;
  return {
    evidence: { source: 'http', status: response.status, code, message: message.slice(0, MESSAGE_LENGTH_MAX) },
    retryAfterMs: retryAfterMsOf(response.headers, Date.now()),
    providerCostMicroUsd: null,
  };
}

/** The body as text, null where it is larger than a reply may be. */
async function readText(response: Response): Promise<string | null> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > REPLY_BYTES_MAX) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
