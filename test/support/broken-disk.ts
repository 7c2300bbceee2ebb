import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded before a server (`--import`): its disk takes what is written, and fails at the N-th wait for it, N being
 * `RUNLEDGER_TEST_SYNC_FAILS_AT`, and at all waits after that one.
 */
const failsAt = Number(process.env['RUNLEDGER_TEST_SYNC_FAILS_AT']);
const { fdatasync } = fs;
let waits = 0;

function failure(): Error | null {
  waits += 1;
  return waits < failsAt ? null : Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
}

function failingSync(fd: number, callback: fs.NoParamCallback): void {
  const failed = failure();
  if (failed === null) fdatasync(fd, callback);
  else setImmediate(callback, failed);
}

fs.fdatasync = Object.assign(failingSync, { __promisify__: fdatasync.__promisify__ });
syncBuiltinESMExports();
