import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stateDiagram } from '#domain/state-machine.ts';
import { hasLatestFigures, OWN_PLACES } from '../bench/kept-results.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const map = readFileSync(path.join(root, 'electron', 'README.md'), 'utf8');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const figures = readFileSync(path.join(root, 'test', 'bench', 'README.md'), 'utf8');
const DOCUMENTS = [
  ['README', readme],
  ['map', map],
  ['page of the benchmarks', figures],
] as const;
const scripts = Object.keys(
  (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
);

function filesBelow(folder: string): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll(path.sep, '/')}`)
    .filter((name) => /\.(?:tsx?|mjs)$/u.test(name));
}

const files = ['electron', 'renderer', 'test'].flatMap(filesBelow);
const program = files.map((name) => readFileSync(path.join(root, name), 'utf8')).join('\n');

/** What stands in code, within a text of Markdown. */
function codeIn(markdown: string): readonly string[] {
  return [
    ...[...markdown.matchAll(/```[a-z]*\n([\s\S]*?)```/gu)].map((match) => match[1] ?? ''),
    ...[...markdown.matchAll(/`([^`\n]+)`/gu)].map((match) => match[1] ?? ''),
  ];
}

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

  it('the decisions of the map stand in the order of their dates', () => {
    const dates = [...map.matchAll(/^### (\d{4}-\d\d-\d\d): /gmu)].map((match) => match[1] ?? '');
    expect(dates.length).toBe([...map.matchAll(/^### /gmu)].length);
    expect(dates.filter((date, at) => date < (dates[at - 1] ?? ''))).toEqual([]);
  });

  it.each(DOCUMENTS)('the %s names no npm script that does not exist', (_, document) => {
    const named = [...document.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it('every file that the README links to exists', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(path.join(root, link)))).toEqual([]);
  });

  it.each(DOCUMENTS)('the %s names no option and no variable that the program does not know', (_, document) => {
    const code = codeIn(document).join('\n');
    const options = [...code.matchAll(/(?<![\w-])--([a-z][a-z-]+)/gu)].map((match) => match[1] ?? '');
    const isKnown = (name: string): boolean =>
      // Commander names an option with its dashes, `parseArgs` by its name, in quotes where that has a dash.
      program.includes(`'--${name} `) ||
      program.includes(`'--${name}'`) ||
      // `--no-NAME` is what takes an option back.
      new RegExp(`^\\s*'?${name.replace(/^no-/u, '')}'?: \\{ type: '(?:string|boolean)'`, 'mu').test(program);
    expect(options.filter((name) => !isKnown(name))).toEqual([]);
    const variables = [...code.matchAll(/\bRUNLEDGER_[A-Z_]+/gu)].map((match) => match[0]);
    // Keys of providers are named by whoever configures them.
    expect(variables.filter((name) => !name.startsWith('RUNLEDGER_KEY_') && !program.includes(name))).toEqual([]);
  });

  it('the README tells of every screen that the sidebar leads to', () => {
    const navigation = readFileSync(path.join(root, 'renderer', 'app', 'navigation.tsx'), 'utf8');
    const screens = [...navigation.matchAll(/<NavItem [^>]*\blabel="([^"]+)"/gu)].map((match) => match[1] ?? '');
    expect(screens.length).toBeGreaterThan(10);
    expect(screens.filter((screen) => !readme.includes(`| _${screen}_ `))).toEqual([]);
  });

  it.each(DOCUMENTS)('every source file that the %s names exists', (_, document) => {
    const named = codeIn(document).flatMap((code) => code.match(/[\w./-]+\.(?:tsx?|mjs)\b/gu) ?? []);
    expect(named.filter((name) => !files.some((file) => file === name || file.endsWith(`/${name}`)))).toEqual([]);
  });

  it('the README has the figures of the last kept run', async () => {
    expect(await hasLatestFigures(OWN_PLACES)).toBe(true);
  });

  it('the page of the benchmarks tells of each benchmark', () => {
    const names = [...program.matchAll(/^ {2}(\w+): async \(\) => \(await import\('\.\/\w+\/\w+\.ts'\)\)/gmu)].map(
      (match) => match[1] ?? '',
    );
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !figures.includes(`npm run bench -- ${name}`))).toEqual([]);
  });
});
