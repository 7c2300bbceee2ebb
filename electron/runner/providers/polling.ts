import { setTimeout as delay } from 'node:timers/promises';
import { classifyFailure, type FailureClass, type FailureEvidence } from '#domain/failure.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { GenerationFailure } from '../provider.ts';
import { failed } from './failed-call.ts';

/** One look at a generation that the provider works on. */
export type Look<Done> =
  | { readonly type: 'pending'; readonly fraction: number | null; readonly message: string }
  | { readonly type: 'done'; readonly done: Done };

/** How a generation is looked after. */
export interface Polling<Done> {
  readonly look: (signal: AbortSignal) => Promise<Result<Look<Done>, GenerationFailure>>;
  readonly progress: (fraction: number, message: string) => void;
  /** The first pause between two looks, in milliseconds; it grows to {@link PAUSE_GROWTH_MAX} times as much. */
  readonly everyMs: number;
  /** How long the attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Lets the next look come at once: a provider that calls back has something to say. */
  readonly nudged?: (signal: AbortSignal) => Promise<void>;
}

const PAUSE_GROWTH = 1.3;
const PAUSE_GROWTH_MAX = 8;
/** One look may take this long, in milliseconds: a stalled connection must not cost the whole attempt. */
const LOOK_MS_MAX = 30_000;
/** So many looks may fail in a row before the attempt is given up; what was accepted is collected by the next one. */
const FAILURES_MAX = 6;
/** After how many pauses what the provider does not know is looked for again. */
const UNKNOWN_PAUSES: readonly number[] = [1, 4];

/** Classes of failures of which nobody takes it that they speak of a purchase. */
const PASSING: readonly FailureClass[] = ['temporary', 'rate_limit', 'timeout'];

const STOPPED: FailureEvidence = { source: 'cancelled', message: 'The attempt was stopped.' };

/** Looks until the generation is done, through failures that pass, and reports its progress. */
export async function pollUntilDone<Done>(polling: Polling<Done>): Promise<Result<Done, GenerationFailure>> {
  const endsAtMs = performance.now() + polling.timeoutMs;
  let pauseMs = polling.everyMs;
  let failures = 0;
  for (;;) {
    const look = await polling.look(lookSignal(polling.signal));
    let waitMs = pauseMs;
    if (!look.ok) {
      failures += 1;
      if (saysOfGeneration(look.error)) return look;
      if (failures >= FAILURES_MAX || isRefusedAccount(look.error)) return err(ofLook(look.error));
      const { retryAfterMs } = look.error;
      waitMs = Math.max(pauseMs, retryAfterMs);
      // At its end the attempt would cancel what it waits for. The next one waits as long before it looks, and collects it.
      if (retryAfterMs > 0 && performance.now() + retryAfterMs >= endsAtMs) return err(ofLook(look.error));
    } else {
      failures = 0;
      if (look.value.type === 'done') return ok(look.value.done);
      polling.progress(look.value.fraction ?? 0, look.value.message);
      pauseMs = Math.min(pauseMs * PAUSE_GROWTH, polling.everyMs * PAUSE_GROWTH_MAX);
    }
    if (!(await pause(waitMs, polling))) return failed(STOPPED);
  }
}

function lookSignal(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS_MAX)]);
}

/**
 * The first look at what an earlier attempt had accepted. A provider may know what it accepted a moment later only, and to take it for gone
 * is to buy it again: one that does not know it is asked three times, one that says that it is gone once.
 * @param everyMs how long it is waited between looks, in milliseconds, at first; then four times as long
 * @returns null where it is gone
 */
export async function lookForAccepted<Found>({
  look,
  everyMs,
  signal,
}: {
  readonly look: (signal: AbortSignal) => Promise<Result<Found, GenerationFailure>>;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}): Promise<Result<Found, GenerationFailure> | null> {
  for (let looks = 0; ; looks += 1) {
    const found = await look(lookSignal(signal));
    if (found.ok) return found;
    const { evidence } = found.error;
    const status = evidence.source === 'http' ? evidence.status : null;
    if (status !== 404 && status !== 410) return err(ofLook(found.error));
    const pauses = status === 404 ? UNKNOWN_PAUSES[looks] : undefined;
    if (pauses === undefined) return null;
    if (!(await pause(everyMs * pauses, { signal }))) return failed(STOPPED);
  }
}

/**
 * What a look that failed says of the attempt. Of what was bought it says nothing: an address that is not known yet, a gateway's page or a
 * status that nobody reads leave it where it is, to be collected by the next attempt; only failures that say so by their class stay what they are.
 */
export function ofLook(failure: GenerationFailure): GenerationFailure {
  const { evidence } = failure;
  const isPassing = PASSING.includes(classifyFailure(evidence).class);
  if (saysOfGeneration(failure) || isRefusedAccount(failure) || isPassing) return failure;
  const message = 'message' in evidence ? evidence.message : 'The provider could not be asked.';
  return { ...failure, evidence: { source: 'network', code: 'look_failed', message } };
}

/** True for the provider's own word on the generation, and for an attempt that was stopped: looking again changes neither. */
function saysOfGeneration({ evidence }: GenerationFailure): boolean {
  return !['network', 'http', 'reply', 'exception'].includes(evidence.source);
}

/** Our account is refused, which no further look changes, and which leaves what was bought to be collected. */
function isRefusedAccount({ evidence }: GenerationFailure): boolean {
  return evidence.source === 'http' && [401, 402, 403].includes(evidence.status);
}

/** @returns false where the attempt was stopped meanwhile */
async function pause(ms: number, { signal, nudged }: Pick<Polling<unknown>, 'signal' | 'nudged'>): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const waiting = [delay(ms, undefined, { signal: either }), ...(nudged === undefined ? [] : [nudged(either)])];
  try {
    await Promise.race(waiting);
  } catch (cause) {
    if (!signal.aborted) throw cause;
  } finally {
    over.abort();
    await Promise.allSettled(waiting);
  }
  return !signal.aborted;
}
