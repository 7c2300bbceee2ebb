import { describe, expect, it } from 'vitest';
import { writingError } from '#domain/errors.ts';

describe('what the disk had against a writing', () => {
  it.each([
    {
      cause: Object.assign(new Error('/home/ann/x'), { code: 'ENOSPC' }),
      code: 'disk_full',
      detail: 'it failed: ENOSPC',
    },
    {
      cause: Object.assign(new Error('/home/ann/x'), { code: 'EACCES' }),
      code: 'internal',
      detail: 'it failed: EACCES',
    },
    { cause: new Error('a prompt'), code: 'internal', detail: 'it failed' },
    { cause: 'a prompt', code: 'internal', detail: 'it failed' },
  ])('is told as $code by the code of the system and no message: $detail', ({ cause, code, detail }) => {
    expect(writingError('it failed', cause)).toEqual({ code, detail, cause });
  });
});
