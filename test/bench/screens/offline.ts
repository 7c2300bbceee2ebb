import type { RedactionRules } from '#domain/redaction/redaction-rule.ts';
import { ok } from '#domain/result.ts';
import { dataFilesOf } from '#engine/data-files.ts';
import { RedactionBoard } from '#engine/redaction/redaction-board.ts';
import { labelOf } from '#store/server-address.ts';
import { expectOk } from '../../support/expect-ok.ts';

/** Nobody listens there: the application shows its offline copy. */
export const AWAY = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500';
/** The database of that copy. */
export const DB = 'bench';

/** Leaves the rules in the data folder as the application remembers them for when the server is away. */
export async function rememberRules(dataDir: string, rules: RedactionRules): Promise<void> {
  const board = new RedactionBoard({
    role: () => 'founder',
    memoryFile: dataFilesOf(dataDir, expectOk(labelOf(AWAY, DB))).redactionFile,
    onChange: () => undefined,
    log: (line) => console.error(line),
  });
  await board.attach({ inForce: () => Promise.resolve(ok(rules)) });
  board.stop();
}
