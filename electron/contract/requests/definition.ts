import { z } from 'zod';
import type { Permission } from '#domain/people.ts';
import type { NeededPrivileges } from '#domain/privileges.ts';

/** One request that a window may make: what it sends, what it gets, and the permission it needs. */
export interface RequestDefinition {
  readonly params: z.ZodType;
  readonly result: z.ZodType;
  readonly permission: Permission;
  /**
   * What the request may write on the server, false where nothing. A read-only connection refuses what writes, and it is switched
   * off where the privileges of the login do not cover it.
   */
  readonly writes: false | NeededPrivileges;
  /**
   * What the audit keeps of it: `act` is recorded before and after, `view` once for each person and subject in a while, `none`
   * not at all. Left out, whatever writes is an act and everything else is not recorded.
   */
  readonly audit?: 'act' | 'view' | 'none';
}

/** What the audit keeps of a request. */
export function auditKindOf(definition: RequestDefinition): 'act' | 'view' | 'none' {
  return definition.audit ?? (definition.writes === false ? 'none' : 'act');
}

/** The requests of one area, by name. */
export type RequestTable = Record<string, RequestDefinition>;

/** The most rows one page may have. */
const PAGE_ROWS_MAX = 500;

/** The last time that a date can be, in milliseconds since 1970. */
const MS_MAX = 8_640_000_000_000_000;

/** A position in an ordered list, opaque to the window. */
export const cursorSchema = z.string().max(1000);

/** How many rows of a list a window wants at once. */
export const pageLimitSchema = z.int().min(1).max(PAGE_ROWS_MAX);

/** How a list by time is read: which way, and from which time on; null begins at its end. A cursor goes on in the same way. */
export const timedListSchema = z.object({
  direction: z.enum(['ascending', 'descending']).default('descending'),
  /** Milliseconds since 1970, included; of no consequence beside a cursor. */
  startAtMs: z.int().nonnegative().max(MS_MAX).nullable().default(null),
});
export type TimedList = z.output<typeof timedListSchema>;

export const jobIdSchema = z.string().min(1).max(200);
