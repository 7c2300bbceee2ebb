import type { AuditFile } from '#cache/audit-file.ts';
import { sha256OfText } from '#cache/sha256.ts';
import { ChainCheck, type ChainFault } from '#domain/audit.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { AuditLog } from '#store/audit-log.ts';

/** What a check of the audit found. */
export interface AuditVerdict {
  readonly entries: number;
  readonly chains: number;
  readonly faults: readonly ChainFault[];
}

/**
 * Checks every chain on the server: each entry against the one before, each end against the list of ends, against what other
 * chains testify, and against this machine's own chain where there is one. Bounded memory.
 * @param file this machine's chain; null where there is none
 */
export async function verifyAudit(
  log: AuditLog,
  file: AuditFile | null,
  signal?: AbortSignal,
): Promise<Result<AuditVerdict, AppError>> {
  const check = new ChainCheck(sha256OfText);
  for await (const { id, entry } of log.iterate(signal)) {
    if (entry === null) check.takeMalformed(id);
    else check.take(entry);
  }
  const heads = await log.heads();
  if (!heads.ok) return heads;
  const own = file?.sentHead() ?? ok(null);
  if (!own.ok) return own;
  return ok({
    entries: check.entries,
    chains: check.chains,
    faults: check.faults(own.value === null ? heads.value : [...heads.value, own.value]),
  });
}

/** Checks this machine's chain by itself, without a server. */
export function verifyOwnChain(file: AuditFile): AuditVerdict {
  const check = new ChainCheck(sha256OfText);
  for (const entry of file.entries()) check.take(entry);
  return { entries: check.entries, chains: check.chains, faults: check.faults([]) };
}
