// Gathers the rules of reconciliation into one module, before anything that may load it: a new rule is a file in their folder and
// nothing else. Plain JavaScript, because every program imports it before its own first line.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const area = fileURLToPath(new URL('../domain/reconciliation', import.meta.url));

function ruleIndexText() {
  const rules = readdirSync(path.join(area, 'rules'))
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .map((file) => {
      const [, name] =
        /^export const (\w+): Rule = \{/m.exec(readFileSync(path.join(area, 'rules', file), 'utf8')) ?? [];
      if (name === undefined) throw new Error(`rules/${file} exports no rule: "export const name: Rule = {"`);
      return { file, name };
    });
  return [
    '// Generated from the folder `rules` before any program starts: a new rule is a file there and nothing else.',
    ...rules.map(({ file, name }) => `import { ${name} } from './rules/${file}';`),
    "import type { Rule } from './rule.ts';",
    '',
    '/** The rules of the folder, by their number. */',
    'export const RULE_INDEX: readonly Rule[] = [',
    ...rules.map(({ name }) => `  ${name},`),
    '];',
    '',
  ].join('\n');
}

/** Writes the index of the rules where it is another than the folder says. Throws for a file that exports no rule. */
export function gatherRules() {
  // Bundles and packages have no folder of rules: they were gathered when they were built.
  if (!existsSync(path.join(area, 'rules'))) return;
  const file = path.join(area, 'rule-index.ts');
  const text = ruleIndexText();
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  // Whole or not at all: another program may be loading it.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}
