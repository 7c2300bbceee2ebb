import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';

const advisorySchema = z.looseObject({ title: z.string(), url: z.string().optional() });
const answerSchema = z.looseObject({
  vulnerabilities: z.record(
    z.string(),
    z.looseObject({
      severity: z.string(),
      range: z.string().optional(),
      /** Names where the fault is another package's. */
      via: z.array(z.union([z.string(), advisorySchema])),
    }),
  ),
});
const billSchema = z.looseObject({
  components: z.array(z.looseObject({ name: z.string(), group: z.string().optional() })),
});

/** What came of asking for known faults: nothing known, something that ships, or no answer. */
export type AuditOutcome =
  | { readonly type: 'clean'; readonly packages: number }
  | { readonly type: 'found'; readonly lines: readonly string[] }
  | { readonly type: 'not_asked'; readonly why: string };

/**
 * Reads what `npm audit --json` printed. Only what ships counts, by the bill of materials; that is also what stands in the page's
 * bundle, which npm takes for development. An answer that cannot be read, or that names an error, is no answer and never clean.
 */
export function readAuditAnswer(printed: string, bill: unknown): AuditOutcome {
  const shipped = new Set(
    billSchema.parse(bill).components.map(({ group = '', name }) => (group === '' ? name : `${group}/${name}`)),
  );
  const json = parseJson(printed);
  const answer = safeParse(answerSchema, json);
  if (!answer.success) {
    const error = safeParse(
      z.object({ message: z.string() }).or(z.object({ error: z.object({ summary: z.string() }) })),
      json,
    );
    const why = !error.success
      ? 'its answer cannot be read'
      : 'message' in error.data
        ? error.data.message
        : error.data.error.summary;
    return { type: 'not_asked', why: why.split('\n')[0] ?? '' };
  }
  const lines = Object.entries(answer.data.vulnerabilities)
    .filter(([name]) => shipped.has(name))
    .map(([name, { severity, range, via }]) => {
      const reasons = via.map((each) => (typeof each === 'string' ? `through ${each}` : each.title));
      return `${name} ${range ?? ''} (${severity}): ${reasons.join('; ')}`;
    });
  return lines.length === 0 ? { type: 'clean', packages: shipped.size } : { type: 'found', lines };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is what a proxy or a missing npm answers; the caller says so.
    return null;
  }
}
