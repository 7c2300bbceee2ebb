import { userInfo } from 'node:os';
import { readPerson } from '#console/people/person-desk.ts';
import { refusalOf } from '#contract/request-refusal.ts';
import type { RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, type RequestName } from '#contract/requests.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { accessOf, refusalCode } from '#domain/people.ts';
import { err, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { runOnServer, type CommandReport, type ServerFlags } from './attached-command.ts';

/** What a command needs of the person who gives it. */
export interface PersonNeeds {
  readonly appName: string;
  /** The request of a window that does what the command does: who may not make it may not give the command. */
  readonly request: RequestName;
}

/**
 * Runs a command on a server as the person that the server knows by this account's name. Whoever may not do it is refused before
 * anything is asked. @returns the exit status
 */
export function runAsPerson(
  flags: ServerFlags,
  { appName, request }: PersonNeeds,
  run: (store: Store, actor: Actor) => Promise<Result<CommandReport, AppError>>,
): Promise<number> {
  const definition: RequestDefinition = REQUESTS[request];
  return runOnServer(flags, { appName, isReadOnly: definition.writes === false }, async (store) => {
    const person = await readPerson(store.people, userInfo().username);
    if (!person.ok) return person;
    const { role, lacking, id } = person.value;
    const refusal = refusalOf(request, { access: accessOf({ role, isReadOnly: false }), lacking });
    if (refusal !== null) return err(appError(refusalCode(refusal), refusal.detail));
    return run(store, { type: 'user', id });
  });
}
