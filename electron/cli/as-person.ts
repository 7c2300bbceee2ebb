import { userInfo } from 'node:os';
import { readPerson } from '#console/people/person-desk.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { accessOf, refusalCode, type Permission } from '#domain/people.ts';
import { err, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { runOnServer, type CommandReport, type ServerFlags } from './attached-command.ts';

/** What a command needs of the person who gives it. */
export interface PersonNeeds {
  readonly appName: string;
  readonly permission: Permission;
  /** True where the command writes. */
  readonly writes: boolean;
}

/**
 * Runs a command on a server as the person that the server knows by this account's name. Whoever may not do it is refused before
 * anything is asked. @returns the exit status
 */
export function runAsPerson(
  flags: ServerFlags,
  { appName, permission, writes }: PersonNeeds,
  run: (store: Store, actor: Actor) => Promise<Result<CommandReport, AppError>>,
): Promise<number> {
  return runOnServer(flags, { appName, isReadOnly: !writes }, async (store) => {
    const person = await readPerson(store.people, userInfo().username);
    if (!person.ok) return person;
    const { role, missingPrivileges, id } = person.value;
    const { read, write } = accessOf({ role, isReadOnly: !writes, missingPrivileges })[permission];
    const refusal = read ?? (writes ? write : null);
    if (refusal !== null) return err(appError(refusalCode(refusal), refusal.detail));
    return run(store, { type: 'user', id });
  });
}
