import { isNoGeneration } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { ENTRY_TYPES, entryKeyOf, generationIdOf } from '../view.ts';

const KEY = /^(.+):([a-z]+):([1-9]\d*)$/s;

/** A key that does not say what the entry is: nothing keeps such an entry from being posted a second time. */
export const keyOfOtherGeneration: Rule = {
  number: 12,
  name: 'key_of_other_generation',
  title: 'Key does not belong to its generation',
  sentence: 'The key of the entry does not name its generation and type, so that it protects from no repetition.',
  evidence: 'The key beside generation and type of the entry.',
  cases: {
    other_generation: { sentence: 'The key names another generation.', mend: 'accept' },
    other_type: { sentence: 'The key names another type of entry.', mend: 'accept' },
    malformed: { sentence: 'The key has not the form generation:type:number.', mend: 'accept' },
  },
  scan({ view }, report) {
    const { entries } = view;
    for (let entry = 0; entry < entries.count; entry += 1) {
      if ((entries.key[entry] ?? -1) < 0 || isNoGeneration(view, entries.generation[entry] ?? 0)) continue;
      const key = entryKeyOf(view, entry);
      const generationId = generationIdOf(view, entries.generation[entry] ?? 0);
      const type = ENTRY_TYPES[entries.type[entry] ?? 0];
      const parts = KEY.exec(key);
      const isKnownType = ENTRY_TYPES.some((known) => known === parts?.[2]);
      const found =
        parts === null || !isKnownType ? 'malformed' : parts[1] !== generationId ? 'other_generation' : 'other_type';
      const isRight = parts?.[1] === generationId && parts?.[2] === type;
      report.entry(entry, {
        case: isRight ? 'malformed' : found,
        credits: 0,
        evidence: `The key is ${key}; the entry is a ${type ?? ''} of generation ${generationId ?? ''}.`,
      });
    }
  },
};
