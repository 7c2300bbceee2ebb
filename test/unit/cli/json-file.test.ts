import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { readJsonFile } from '#cli/json-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-json-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a JSON file is read also where an editor of Windows began it with a byte order mark', () => {
  const file = path.join(folder, 'draft.json');
  writeFileSync(file, '\ufeff{"days": 30}');
  expect(readJsonFile(file, z.object({ days: z.int() }))).toEqual({ ok: true, value: { days: 30 } });
});
