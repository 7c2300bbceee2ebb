import { createHash } from 'node:crypto';

/** What a call to the demo's provider comes to. */
export type Behaviour =
  | 'answer'
  | 'answer_slowly'
  | 'answer_badly'
  | 'unavailable'
  | 'rate_limited'
  | 'input_refused'
  | 'content_refused'
  | 'key_refused'
  | 'hang';

/** One call, as far as it decides what happens. */
export interface ModelCall {
  readonly model: string;
  /** The idempotency key, or what stands for it where the client sends none. */
  readonly key: string;
  /** The how manyeth try this is, from 1. */
  readonly attempt: number;
  /** Another seed lets other calls fail. */
  readonly seed: number;
}

/** The models that the demo's provider lists; any share from 0 to 1 may stand behind `flaky-`. */
export const DEMO_MODELS = [
  'standard',
  'flaky-0.3',
  'rate-limited',
  'bad-output',
  'slow',
  'bad-input',
  'content-refused',
  'timeout',
  'bad-key',
] as const;

const RATE_LIMITED = /(?:^|\/)rate-limited(?:-(\d{1,4}))?$/;

const BEHAVIOUR_BY_MODEL: ReadonlyMap<string, Behaviour> = new Map([
  ['bad-output', 'answer_badly'],
  ['slow', 'answer_slowly'],
  ['bad-input', 'input_refused'],
  ['content-refused', 'content_refused'],
  ['timeout', 'hang'],
  ['bad-key', 'key_refused'],
]);

/**
 * What a model does with a call, by its name alone; a prefix `demo/` means nothing. `flaky-0.3` fails for three calls in ten,
 * `rate-limited` lets the first try for each purchase wait, `rate-limited-8` for eight seconds, the others say it in their name, and a name that says nothing
 * answers. The same call always comes to the same, so that a run can be repeated.
 */
export function behaviourOf(call: ModelCall): Behaviour {
  const name = call.model.replace(/^demo\//, '');
  const share = /^flaky-(0?\.\d+|0|1)$/.exec(name)?.[1];
  if (share !== undefined) {
    return shareOf(`${call.seed}\n${call.key}\n${call.attempt}`) < Number(share) ? 'unavailable' : 'answer';
  }
  if (RATE_LIMITED.test(name)) return call.attempt === 1 ? 'rate_limited' : 'answer';
  return BEHAVIOUR_BY_MODEL.get(name) ?? 'answer';
}

/** How long a model asks to wait, in seconds: what stands behind `rate-limited-`, and 1 where nothing does. */
export function retryAfterSecondsOf(model: string): number {
  return Number(RATE_LIMITED.exec(model)?.[1] ?? 1);
}

/** A number from 0 up to, not including, 1 that is always the same for the same text. */
export function shareOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
