import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Which parts each part may import, besides itself; the arrows of electron/README.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  contract: ['domain'],
  store: ['domain', 'contract'],
  cache: ['domain', 'contract'],
  monitor: ['domain', 'contract', 'store', 'cache'],
  runner: ['domain', 'contract', 'store', 'cache'],
  console: ['domain', 'contract', 'store', 'cache'],
  sandbox: ['domain', 'store'],
  engine: ['domain', 'contract', 'store', 'cache', 'monitor', 'runner', 'console', 'sandbox'],
  main: ['domain', 'contract', 'engine'],
  preload: ['contract'],
  cli: ['domain', 'contract', 'store', 'cache', 'monitor', 'runner', 'console', 'sandbox', 'engine'],
  renderer: ['domain', 'contract'],
};

/** Packages that only some parts may import; every other part reaches them through those. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  electron: ['main', 'preload'],
  mongodb: ['store', 'sandbox'],
  'better-sqlite3': ['cache', 'sandbox'],
  mingo: [],
  openai: ['runner'],
  replicate: ['runner'],
  mediabunny: ['runner'],
  ajv: ['runner'],
  'openid-client': ['engine'],
  'prom-client': ['engine'],
  react: ['renderer'],
};

interface Import {
  readonly file: string;
  readonly part: string;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

function partOf(file: string): string {
  const [top, second = ''] = path.relative(root, file).split(path.sep);
  return top === 'renderer' ? 'renderer' : second;
}

function importsOf(file: string): Import[] {
  const { module } = parseSync(file, readFileSync(file, 'utf8'));
  const found = (specifier: string, isTypeOnly: boolean): Import => ({
    file,
    part: partOf(file),
    specifier,
    isTypeOnly,
  });
  return [
    ...module.staticImports.map((statement) =>
      found(
        statement.moduleRequest.value,
        statement.entries.length > 0 && statement.entries.every((entry) => entry.isType),
      ),
    ),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) =>
        entry.moduleRequest ? [found(entry.moduleRequest.value, entry.isType)] : [],
      ),
    ),
    ...module.dynamicImports.map((statement) =>
      found(
        readFileSync(file, 'utf8')
          .slice(statement.moduleRequest.start, statement.moduleRequest.end)
          .replace(/^['"`]|['"`]$/g, ''),
        false,
      ),
    ),
  ];
}

const files = globSync('{electron,renderer}/**/*.{ts,tsx}', { cwd: root })
  .filter((file) => !file.endsWith('.d.ts'))
  .map((file) => path.join(root, file));
const imports = files.flatMap(importsOf);

function show({ file, specifier }: Import): string {
  return `${path.relative(root, file)} imports ${specifier}`;
}

describe('the arrows between the parts point one way', () => {
  it('every part that exists has its arrows written down', () => {
    const unknown = [...new Set(files.map(partOf))].filter((part) => !(part in MAY_IMPORT));
    expect(unknown).toEqual([]);
  });

  it('no part imports a part that it must not know', () => {
    const broken = imports.filter(({ part, specifier }) => {
      const door = /^#([a-z]+)\//.exec(specifier)?.[1];
      return door !== undefined && door !== part && !MAY_IMPORT[part]?.includes(door);
    });
    expect(broken.map(show)).toEqual([]);
  });

  it('nobody takes a relative path out of their own part', () => {
    const broken = imports.filter(
      ({ file, part, specifier }) =>
        specifier.startsWith('.') && partOf(path.resolve(path.dirname(file), specifier)) !== part,
    );
    expect(broken.map(show)).toEqual([]);
  });

  it('the domain imports zod and nothing else', () => {
    const broken = imports.filter(
      ({ part, specifier }) => part === 'domain' && !specifier.startsWith('.') && specifier !== 'zod',
    );
    expect(broken.map(show)).toEqual([]);
  });

  it('what anyone may have written is parsed by safeParse of the domain, because the one of zod can throw', () => {
    const asked = files.filter((file) => /\.\s*safeParse\(/.test(readFileSync(file, 'utf8')));
    expect(asked.map((file) => path.relative(root, file))).toEqual(['electron/domain/safe-parse.ts']);
  });

  it.each(Object.entries(ONLY_IN))('the package %s is imported only in %j', (name, parts) => {
    const broken = imports.filter(
      ({ part, specifier }) => (specifier === name || specifier.startsWith(`${name}/`)) && !parts.includes(part),
    );
    expect(broken.map(show)).toEqual([]);
  });

  it('the preload takes names and types only, so that no schema library loads with each window', () => {
    const broken = imports.filter(
      ({ part, specifier, isTypeOnly }) => part === 'preload' && !isTypeOnly && /^(zod|#domain)/.test(specifier),
    );
    expect(broken.map(show)).toEqual([]);
  });
});
