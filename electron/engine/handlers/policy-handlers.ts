import { PolicyDesk } from '#console/retry/policy-desk.ts';
import type { PolicyVersionView } from '#contract/policy-views.ts';
import type { AppError } from '#domain/errors.ts';
import { diffPolicies, type PolicyVersion } from '#domain/policy-version.ts';
import { ok, type Result } from '#domain/result.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import type { Store } from '#store/connection.ts';
import { whereOpen, type HandlersOf, type ReadCopy } from './handler.ts';

/** What the answers about the policy are made from. */
export interface PolicyHandlerParts {
  readonly copy: ReadCopy;
  /** Null while there has been no server. */
  readonly store: () => Pick<Store, 'policies' | 'reader'> | null;
  readonly now: () => number;
}

/** The retry policy: it stands on the server, so it is read and written there; a draft is tried out on the copy. */
export function policyHandlers({ copy, store, now }: PolicyHandlerParts): HandlersOf<'policy'> {
  const withDesk = <Value>(
    work: (desk: PolicyDesk) => Promise<Result<Value, AppError>>,
    signal?: AbortSignal,
  ): Promise<Result<Value, AppError>> =>
    whereOpen(store(), ({ policies, reader }) => work(new PolicyDesk({ policies, reader, cache: copy(signal) })));
  const versionsOf = async (desk: PolicyDesk): Promise<Result<{ versions: PolicyVersionView[] }, AppError>> => {
    const versions = await desk.list();
    return versions.ok ? ok({ versions: toViews(versions.value) }) : versions;
  };
  return {
    'policy.get': () => withDesk(versionsOf),
    'policy.put': ({ basedOn, draft, reason }, { actor, note }) =>
      withDesk(async (desk) => {
        const before = await versionsOf(desk);
        if (!before.ok) return before;
        const inForce = before.value.versions.find(({ version }) => version === basedOn);
        note('before', { version: basedOn });
        const put = await desk.put({ basedOn, draft, reason, by: actor });
        if (!put.ok) return put;
        const changes = inForce === undefined ? [] : diffPolicies(inForce, put.value);
        note('after', {
          version: put.value.version,
          changes: changes.map(({ subject, field, from, to }) => `${subject}.${field}: ${from} -> ${to}`),
        });
        return versionsOf(desk);
      }),
    'policy.replay': ({ draft, days }, { signal }) =>
      withDesk(async (desk) => {
        const versions = await versionsOf(desk);
        if (!versions.ok) return versions;
        const replayed = await desk.replay(draft, { days, nowMs: now() });
        if (!replayed.ok) return replayed;
        const basedOn = versions.value.versions[0]?.version ?? DEFAULT_RETRY_POLICY.version;
        return ok({ ...replayed.value, classes: [...replayed.value.classes], days, basedOn });
      }, signal),
  };
}

function toViews(versions: readonly PolicyVersion[]): PolicyVersionView[] {
  const written = versions.map(({ _id, reason, by, at, ...policy }) => ({
    ...policy,
    written: { reason, by, atMs: at.getTime() },
  }));
  return [...written, { ...DEFAULT_RETRY_POLICY, written: null }];
}
