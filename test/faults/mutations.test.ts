import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutation-list.ts';

const ROOT = path.join(import.meta.dirname, '../..');

describe('a guard that the simulation is asked about', () => {
  it.each(MUTATIONS)('stands once in the source: $name', ({ file, find }) => {
    expect(readFileSync(path.join(ROOT, file), 'utf8').split(find)).toHaveLength(2);
  });
});
