import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openCache } from '#cache/open-cache.ts';
import { expectOk } from '../../support/expect-ok.ts';

const saidSchema = z.object({
  n: z.int(),
  code: z.string(),
  says: z.string(),
  position: z.string(),
  total: z.int(),
});

describe('a disk that is full', () => {
  it('stops the writer with a clear message, and the copy stays whole and readable', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runledger-full-'));
    const file = path.join(folder, 'copy.sqlite');
    const script = fileURLToPath(new URL('full-disk-process.ts', import.meta.url));
    // No file may grow beyond 4 MB, which a write meets as it meets a full disk; the shell counts in blocks of a kilobyte.
    const limited = `trap '' XFSZ; ulimit -f 4096; exec "$0" "$@"`;
    const said = execFileSync('bash', ['-c', limited, process.execPath, script, file], { encoding: 'utf8' });
    const { n, code, says, position, total } = saidSchema.parse(JSON.parse(said));
    expect(code).toBe('disk_full');
    expect(says).toMatch(/disk|room|space/i);
    // Everything up to the transaction that failed is there, and nothing of that one.
    expect({ position, total }).toEqual({ position: `p${n - 1}`, total: n * 20 });
    const cache = expectOk(openCache({ path: file, now: Date.now }));
    expect(cache.setAside).toBeNull();
    expect(expectOk(cache.reader.counts()).total).toBe(n * 20);
    cache.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
