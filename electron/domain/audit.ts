import { z } from 'zod';
import { canonicalJson } from './canonical-input.ts';
import { actorSchema } from './ledger.ts';
import { roleSchema } from './people.ts';

/** SHA-256 of a text, as lower-case hexadecimal digits. The domain computes no hashes; whoever calls it brings one. */
export type HashText = (text: string) => string;

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** The end of a chain as somebody saw it. */
export const chainHeadSchema = z.object({
  chainId: z.string().min(1).max(64),
  seq: z.int().nonnegative(),
  hash: hashSchema,
});
export type ChainHead = z.infer<typeof chainHeadSchema>;

/** What stands in for the hash before the first entry of a chain. */
export const NO_HASH = '0'.repeat(64);

/**
 * One entry of the audit: who did what to what, from where, when, and how it ended. Each console writes a chain of its own:
 * `prevHash` is the hash of the entry before, so that nothing in between can be changed or taken out unseen. `witness` is the
 * end of another console's chain, so that its end cannot be cut off unseen either.
 */
export const auditEntrySchema = z.object({
  chainId: z.string().min(1).max(64),
  /** Counts from 1, without a gap. */
  seq: z.int().positive(),
  /** Milliseconds since 1970, by the console's clock. */
  atMs: z.int(),
  actor: actorSchema,
  /** True where the server itself said who it is, false where it is only what the system calls them. */
  isVerified: z.boolean(),
  role: roleSchema,
  host: z.string().max(300),
  version: z.string().max(50),
  /** What was asked: the name of a request of the contract, or a command's. */
  action: z.string().min(1).max(100),
  /** What it was asked about: an id, null where it is about no single thing. */
  subject: z.string().max(300).nullable(),
  /** `asked` before it happens; then `done` or a code of the catalogue, in an entry that names the first as `of`. */
  outcome: z.string().min(1).max(60),
  of: z.int().positive().nullable(),
  /** What was asked for, and what was there before and after; texts of customers stand as hashes. */
  details: z.record(z.string(), z.json()),
  witness: chainHeadSchema.nullable(),
  prevHash: hashSchema,
  hash: hashSchema,
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** An entry before it has its place in a chain. */
export type AuditDraft = Omit<AuditEntry, 'chainId' | 'seq' | 'prevHash' | 'hash'>;

/** The entry that follows a chain's end. */
export function nextEntry(head: ChainHead, draft: AuditDraft, hashText: HashText): AuditEntry {
  const entry = { ...draft, chainId: head.chainId, seq: head.seq + 1, prevHash: head.hash };
  return { ...entry, hash: hashText(canonicalJson(entry)) };
}

/** Which entries are wanted; null stands for any. */
export interface AuditFilter {
  readonly actorId: string | null;
  readonly action: string | null;
  readonly subject: string | null;
}
