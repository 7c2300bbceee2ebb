import type { AccessControl } from '../access/access-control.ts';
import type { TtlMonitor } from '../ttl-monitor.ts';
import type { Command } from './command.ts';
import { CAPPED_COMMANDS } from './capped-commands.ts';
import { STATS_COMMANDS } from './collection-stats.ts';
import { explain } from './explain.ts';
import { failPointCommands, type FailPoints } from './fail-points.ts';
import { INDEX_COMMANDS } from './index-commands.ts';
import { LoginCommands } from './login-commands.ts';
import { parameterCommands } from './parameter-commands.ts';
import { aggregate } from './aggregate.ts';
import { CURSOR_COMMANDS } from './cursor-commands.ts';
import { READ_COMMANDS } from './reads.ts';
import { roleCommands } from './role-commands.ts';
import { SCHEMA_COMMANDS } from './schema-commands.ts';
import { serverCommands, type ServerIdentity } from './server-commands.ts';
import type { TokenLogin } from './token-login.ts';
import { userCommands } from './user-commands.ts';
import { WRITE_COMMANDS } from './writes.ts';

/** Every command that the server knows, by its name. */
export function commandTable(parts: {
  readonly identity: ServerIdentity;
  readonly failPoints: FailPoints;
  readonly accessControl: AccessControl;
  readonly ttlMonitor: TtlMonitor;
  readonly tokens: TokenLogin | null;
}): Readonly<Record<string, Command>> {
  const logins = new LoginCommands(parts.accessControl, parts.tokens);
  return {
    ...READ_COMMANDS,
    ...CURSOR_COMMANDS,
    aggregate,
    explain,
    ...WRITE_COMMANDS,
    ...SCHEMA_COMMANDS,
    ...INDEX_COMMANDS,
    ...CAPPED_COMMANDS,
    ...STATS_COMMANDS,
    ...serverCommands(parts.identity, (call) => logins.handshake(call)),
    ...logins.commands,
    ...userCommands(parts.accessControl),
    ...roleCommands(parts.accessControl),
    ...failPointCommands(parts.failPoints),
    ...parameterCommands(parts.ttlMonitor),
  };
}
