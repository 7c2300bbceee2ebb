import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stateDiagram } from '#domain/state-machine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const map = readFileSync(path.join(root, 'electron', 'README.md'), 'utf8');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const scripts = Object.keys(
  (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
);

describe('the documents say what the code does', () => {
  it("the map's state diagram is the one that the state machine draws", () => {
    const drawn = /<!-- state-diagram -->\s*```mermaid\n([\s\S]*?)```/.exec(map)?.[1]?.trim();
    expect(drawn).toBe(stateDiagram());
  });

  it('the map lists exactly the parts that exist', () => {
    const listed = [...map.matchAll(/^\| `([a-z]+)\/`/gm)].map((match) => match[1]);
    const existing = readdirSync(path.join(root, 'electron')).filter((name) =>
      statSync(path.join(root, 'electron', name)).isDirectory(),
    );
    expect(new Set(listed)).toEqual(new Set(existing));
  });

  it('the README names no npm script that does not exist', () => {
    const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it('every file that the README links to exists', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(path.join(root, link)))).toEqual([]);
  });
});
