import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dataDirOf } from '#cli/data-dir.ts';

beforeEach(() => vi.stubEnv('XDG_CONFIG_HOME', path.resolve('/settings')));
afterEach(() => vi.unstubAllEnvs());

it.runIf(process.platform === 'linux').each([
  [null, '', '/settings/Runledger'],
  [null, '/data', '/data'],
  ['/named', '/data', '/named'],
])(
  'the data folder is that of the application, also beside a variable that is set to nothing: %j, %j',
  (named, said, folder) => {
    vi.stubEnv('RUNLEDGER_DATA_DIR', said);
    expect(dataDirOf(named)).toBe(folder);
  },
);
