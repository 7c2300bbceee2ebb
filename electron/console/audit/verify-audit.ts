import type { AuditFile } from '#cache/audit-file.ts';
import { sha256OfText } from '#cache/sha256.ts';
import { ChainCheck, type ChainFault } from '#domain/chain-check.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { AuditDocument, AuditLog } from '#store/audit-log.ts';
import { attemptCall } from '#store/driver-errors.ts';

/** What a check of the audit found. */
export interface AuditVerdict {
  readonly entries: number;
  readonly chains: number;
  readonly faults: readonly ChainFault[];
}

/** How often ends that have grown while everything was read are read again; consoles write on meanwhile. */
const ROUNDS_MAX = 5;

/**
 * Checks every chain on the server: each entry against the one before, and against whatever anybody has testified of it: other
 * chains, the list of ends, and this machine's own chain where there is one.
 * Errors: those of the server; `cancelled`.
 * @param file this machine's chain; null where there is none
 */
export async function verifyAudit(
  log: AuditLog,
  file: AuditFile | null,
  signal?: AbortSignal,
): Promise<Result<AuditVerdict, AppError>> {
  const check = new ChainCheck(sha256OfText);
  const read = await attemptCall(async () => {
    for await (const document of log.iterate(signal)) take(check, document);
  });
  if (!read.ok) return read;
  const heads = await log.heads();
  if (!heads.ok) return heads;
  const own = file?.sentHead() ?? ok(null);
  if (!own.ok) return own;
  for (const head of own.value === null ? heads.value : [...heads.value, own.value]) check.testify(head);
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const more = await attemptCall(() => readOn(log, check, signal));
    if (!more.ok) return more;
    if (!more.value) break;
  }
  // Half of it would look cut off.
  if (signal?.aborted === true) return err(appError('cancelled'));
  return ok({ entries: check.entries, chains: check.chains, faults: check.faults() });
}

/** Takes what chains have gone on with since they were read. @returns false where nothing was */
async function readOn(log: AuditLog, check: ChainCheck, signal: AbortSignal | undefined): Promise<boolean> {
  const { entries } = check;
  for (const { chainId, seq } of check.behind) {
    for await (const document of log.iterateBehind(chainId, seq, signal)) take(check, document);
  }
  return check.entries > entries;
}

function take(check: ChainCheck, { id, entry }: AuditDocument): void {
  if (entry === null) check.takeMalformed(id);
  else check.take(entry);
}

/** Checks this machine's chain by itself, without a server: what it testifies of others cannot be looked at here. */
export function verifyOwnChain(file: AuditFile): AuditVerdict {
  const check = new ChainCheck(sha256OfText);
  for (const entry of file.entries()) {
    if (entry === null) check.takeMalformed(file.chainId);
    else check.take(entry);
  }
  return { entries: check.entries, chains: check.chains, faults: check.faults(file.chainId) };
}
