import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const area = fileURLToPath(new URL('../../electron/domain/reconciliation', import.meta.url));

/** The generated file that lists the rules. */
export const RULE_INDEX_FILE = path.join(area, 'rule-index.ts');

/** The list of the rules of the folder, by their numbers, as the text of a module. Throws for a file that exports no rule. */
export function ruleIndexText(): string {
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
    '// Generated from the folder `rules` by `npm run rules`: a new rule is a file there and nothing else.',
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = ruleIndexText();
  // Written only where it is another: a build that watches files is not woken for nothing.
  if (text !== readFileSync(RULE_INDEX_FILE, 'utf8')) writeFileSync(RULE_INDEX_FILE, text);
}
