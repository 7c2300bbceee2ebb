import { auditFilterSchema } from '#contract/audit-views.ts';
import { timedListSchema, type TimedList } from '#contract/requests/definition.ts';
import type { AuditFilter } from './people-queries.ts';

/** The entries of the audit that are looked at, as they stand in the address. Names are as they were typed, with gaps at their ends. */
export interface AuditScreenView {
  readonly filter: AuditFilter;
  readonly list: TimedList;
}

const FILTER_NAMES = { actorId: 'person', action: 'act', subject: 'about' } as const;

/** Reads a view from an address; a part that makes no sense is dropped. */
export function parseAuditQuery(query: string): AuditScreenView {
  const params = new URLSearchParams(query);
  const parts = auditFilterSchema.shape;
  const startAt = params.get('at');
  return {
    filter: {
      actorId: parts.actorId.catch(null).parse(params.get(FILTER_NAMES.actorId)),
      action: parts.action.catch(null).parse(params.get(FILTER_NAMES.action)),
      subject: parts.subject.catch(null).parse(params.get(FILTER_NAMES.subject)),
    },
    list: {
      direction: params.get('order') === 'oldest' ? 'ascending' : 'descending',
      startAtMs: timedListSchema.shape.startAtMs.catch(null).parse(startAt === null ? null : Date.parse(startAt)),
    },
  };
}

/** The address of a view of the audit. */
export function auditHref({ filter, list }: AuditScreenView): string {
  const params = new URLSearchParams();
  for (const field of ['actorId', 'action', 'subject'] as const) {
    const value = filter[field];
    if (value !== null) params.set(FILTER_NAMES[field], value.toWellFormed());
  }
  if (list.direction === 'ascending') params.set('order', 'oldest');
  if (list.startAtMs !== null) params.set('at', new Date(list.startAtMs).toISOString());
  const query = params.toString();
  return query === '' ? '/audit' : `/audit?${query}`;
}

/** What is looked for where names are typed so: without the gaps at their ends, and anything where nothing else is left. */
export function askedFilter({ actorId, action, subject }: AuditFilter): AuditFilter {
  const asked = (typed: string | null): string | null => (typed === null ? null : typed.trim() || null);
  return { actorId: asked(actorId), action: asked(action), subject: asked(subject) };
}
