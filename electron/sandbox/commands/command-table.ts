import type { AccessControl } from '../access/access-control.ts';
import type { Command } from './command.ts';
import { failPointCommands, type FailPoints } from './fail-points.ts';
import { LoginCommands } from './login-commands.ts';
import { READ_COMMANDS } from './reads.ts';
import { roleCommands } from './role-commands.ts';
import { SCHEMA_COMMANDS } from './schema-commands.ts';
import { serverCommands, type ServerIdentity } from './server-commands.ts';
import { userCommands } from './user-commands.ts';
import { WRITE_COMMANDS } from './writes.ts';

/** Every command that the server knows, by its name. */
export function commandTable(parts: {
  readonly identity: ServerIdentity;
  readonly failPoints: FailPoints;
  readonly accessControl: AccessControl;
}): Readonly<Record<string, Command>> {
  const logins = new LoginCommands(parts.accessControl);
  return {
    ...READ_COMMANDS,
    ...WRITE_COMMANDS,
    ...SCHEMA_COMMANDS,
    ...serverCommands(parts.identity, (call) => logins.handshake(call)),
    ...logins.commands,
    ...userCommands(parts.accessControl),
    ...roleCommands(parts.accessControl),
    ...failPointCommands(parts.failPoints),
  };
}
