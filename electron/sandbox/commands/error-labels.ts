import { Long } from 'bson';
import { codeOf, type ErrorName } from '../semantics/server-error.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { CommandCall } from './command.ts';

function codesOf(...names: readonly ErrorName[]): ReadonlySet<number> {
  return new Set(names.map((name) => codeOf(name)));
}

/** What may go right when it is tried again: MongoDB's category `RetriableError`. */
const RETRYABLE = codesOf(
  'HostUnreachable',
  'HostNotFound',
  'NetworkTimeout',
  'ShutdownInProgress',
  'ReadConcernMajorityNotAvailableYet',
  'PrimarySteppedDown',
  'ExceededTimeLimit',
  'SocketException',
  'NotWritablePrimary',
  'InterruptedAtShutdown',
  'InterruptedDueToReplStateChange',
  'NotPrimaryNoSecondaryOk',
  'NotPrimaryOrSecondary',
);
/** What a change stream outlives beyond those. */
const RESUMABLE = codesOf(
  'StaleShardVersion',
  'FailedToSatisfyReadPreference',
  'StaleEpoch',
  'RetryChangeStream',
  'StaleConfig',
);

/**
 * A reply with the labels that MongoDB gives an error; one that brings labels of its own keeps just those.
 * @param knowsCursor false where the command failed before it was known what it reads, so that no stream can be told
 */
export function withErrorLabels(
  call: CommandCall,
  reply: Doc,
  { knowsCursor }: { readonly knowsCursor: boolean },
): Doc {
  if (reply['errorLabels'] !== undefined) return reply;
  const code = reply['ok'] === 0 ? numberOf(reply['code']) : null;
  const concern = isDoc(reply['writeConcernError']) ? numberOf(reply['writeConcernError']['code']) : null;
  const labels: string[] = [];
  if (call.body['txnNumber'] !== undefined && [code, concern].some((one) => one !== null && RETRYABLE.has(one)))
    labels.push('RetryableWriteError');
  if (knowsCursor && code !== null && (RETRYABLE.has(code) || RESUMABLE.has(code)) && isOfChangeStream(call))
    labels.push('ResumableChangeStreamError');
  return labels.length === 0 ? reply : { ...reply, errorLabels: labels };
}

function isOfChangeStream(call: CommandCall): boolean {
  const id = call.body['getMore'];
  if (call.name === 'getMore') return id instanceof Long && call.deployment.cursors.isChangeStream(id);
  if (call.name !== 'aggregate') return false;
  const { pipeline } = call.body;
  const [first] = Array.isArray(pipeline) ? (pipeline as unknown[]) : [];
  return isDoc(first) && '$changeStream' in first;
}
