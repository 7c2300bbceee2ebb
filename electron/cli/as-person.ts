import type { AuditedPerson } from '#console/audit/audit-book.ts';
import { readPerson } from '#console/people/person-desk.ts';
import { refusalOf } from '#contract/request-refusal.ts';
import { auditKindOf, type RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, type RequestName } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { accessOf, refusalCode } from '#domain/people.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { systemName } from '#engine/system-name.ts';
import type { Store } from '#store/connection.ts';
import { runOnServer, type CommandReport, type ServerFlags } from './attached-command.ts';
import { doRecorded } from './command-audit.ts';

/** What a command needs of the person who gives it. */
export interface PersonNeeds {
  readonly appName: string;
  /** The request of a window that does what the command does: who may not make it may not give the command. */
  readonly request: RequestName;
  /** What is asked for, as the audit keeps it of what is an act. */
  readonly asked: Readonly<Record<string, unknown>>;
  /** What the audit calls it; left out, as the request. */
  readonly action?: string;
}

/**
 * Runs a command on a server as the person that the server knows by this account's name. Whoever may not do it is refused before
 * anything is asked, and what a window's act would be stands in the audit. @returns the exit status
 */
export function runAsPerson(
  flags: ServerFlags,
  { appName, request, asked, action = request }: PersonNeeds,
  run: (store: Store, actor: Actor) => Promise<Result<CommandReport, AppError>>,
): Promise<number> {
  const definition: RequestDefinition = REQUESTS[request];
  const isAct = auditKindOf(definition) === 'act';
  return runOnServer(flags, { appName, isReadOnly: definition.writes === false && !isAct }, async (store) => {
    const person = await personWhoMay(store, request);
    if (!person.ok) return person;
    const act = (): Promise<Result<CommandReport, AppError>> => run(store, person.value.actor);
    if (!isAct) return act();
    return doRecorded(flags, { store, person: person.value }, { action, asked }, act, ({ noted }) => noted ?? {});
  });
}

/** Who gives a command, where they may make a request. Errors: why they may not; those of the server. */
export async function personWhoMay(
  { people }: Pick<Store, 'people'>,
  request: RequestName,
): Promise<Result<AuditedPerson, AppError>> {
  const person = await readPerson(people, systemName());
  if (!person.ok) return person;
  const { role, lacking, id, isVerified } = person.value;
  const refusal = refusalOf(request, { access: accessOf({ role, isReadOnly: false }), lacking });
  if (refusal !== null) return err(appError(refusalCode(refusal), refusal.detail));
  return ok({ actor: { type: 'user', id }, isVerified, role });
}
