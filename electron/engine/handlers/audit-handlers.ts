import type { AuditFile } from '#cache/audit-file.ts';
import { verifyAudit, verifyOwnChain, type AuditVerdict } from '#console/audit/verify-audit.ts';
import type { AuditVerdictView } from '#contract/audit-views.ts';
import type { ParsedParams, RequestResult } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { AuditLog } from '#store/audit-log.ts';
import type { HandlersOf } from './handler.ts';

/** Faults that are named one by one. */
const NAMED_FAULTS_MAX = 200;
/** Begins a place in this console's own chain; one on the server begins with a time. */
const OWN_PLACE = 'own/';

/**
 * The audit, of all consoles where the server is there, and of this one where it is not.
 * @param log null while the server is away
 */
export function auditHandlers(file: AuditFile | null, log: () => AuditLog | null): HandlersOf<'audit'> {
  return {
    'audit.page': async (params) => {
      const open = log();
      // A list goes on where it began: a place in the one is none in the other, and what comes next would look like the end.
      const isOwn = params.cursor === null ? open === null : params.cursor.startsWith(OWN_PLACE);
      if (!isOwn)
        return open === null ? err(appError('server_unreachable', 'it goes on there')) : wholePage(open, params);
      return file === null ? err(appError('audit_unusable')) : ownPage(file, params);
    },
    'audit.verify': async (_params, { signal }) => {
      const open = log();
      if (open === null) {
        return file === null ? err(appError('audit_unusable')) : ok(toVerdictView(verifyOwnChain(file), false));
      }
      const verdict = await verifyAudit(open, file, signal);
      return verdict.ok ? ok(toVerdictView(verdict.value, true)) : verdict;
    },
  };
}

type Page = Result<RequestResult<'audit.page'>, AppError>;
type PageParams = ParsedParams<'audit.page'>;

async function wholePage(log: AuditLog, { filter, limit, ...place }: PageParams): Promise<Page> {
  const page = await log.page(filter, place, limit);
  if (!page.ok) return page;
  const rows = page.value.map(({ id, entry }) => ({ id, entry }));
  return ok({ rows, nextCursor: rows.length < limit ? null : (rows.at(-1)?.id ?? null), isWhole: true });
}

function ownPage(file: AuditFile, { filter, cursor, limit, ...way }: PageParams): Page {
  const behindSeq = cursor === null ? null : Number(cursor.slice(OWN_PLACE.length));
  const page = file.page(filter, { ...way, behindSeq }, limit);
  if (!page.ok) return page;
  const rows = page.value.map((entry) => ({ id: String(entry.seq), entry }));
  const last = rows.length < limit ? undefined : rows.at(-1);
  return ok({ rows, nextCursor: last === undefined ? null : `${OWN_PLACE}${last.id}`, isWhole: false });
}

function toVerdictView({ entries, chains, faults }: AuditVerdict, isWhole: boolean): AuditVerdictView {
  return {
    isWhole,
    entries,
    chains,
    faultCount: faults.length,
    faults: faults.slice(0, NAMED_FAULTS_MAX).map((fault) => ({ ...fault })),
  };
}
