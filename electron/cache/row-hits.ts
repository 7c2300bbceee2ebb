import type { Database, Statement } from 'better-sqlite3';
import type { JobRow } from '#contract/job-views.ts';
import { cutAroundHit, SEARCH_FIELDS, searchTermsOf, type SearchTerm } from '#contract/query/search-terms.ts';
import { decodeDocument } from './document-encoding.ts';

/** How much of a text a line of the list shows around what was searched for, in characters. */
const SHOWN_CHARS = 160;

/** Shows in each line of a search what was found in it. */
export class RowHits {
  readonly #document: Statement<[string], { document: Buffer }>;

  constructor(db: Database) {
    this.#document = db.prepare('SELECT document FROM jobs JOIN job_documents USING (num) WHERE id = ?');
  }

  /** The rows with the first place that was found in each; what a line shows anyway is looked at before its document. */
  mark(rows: readonly JobRow[], text: string): readonly JobRow[] {
    const terms = searchTermsOf(text);
    return terms.length === 0 ? rows : rows.map((row) => ({ ...row, hit: this.#hitOf(row, terms) }));
  }

  #hitOf(row: JobRow, terms: readonly SearchTerm[]): JobRow['hit'] {
    const shown = firstHit(
      { prompt: row.promptStart, error: row.failureMessage ?? '', ids: row.id, user: row.userId },
      terms,
    );
    if (shown !== null) return shown;
    const found = this.#document.get(row.id);
    return found === undefined ? null : firstHit(textsOf(decodeDocument(found.document)), terms);
  }
}

function firstHit(texts: Readonly<Partial<Record<string, string>>>, terms: readonly SearchTerm[]): JobRow['hit'] {
  for (const field of SEARCH_FIELDS) {
    const parts = cutAroundHit(texts[field] ?? '', terms, { field, chars: SHOWN_CHARS });
    if (parts !== null) return { field, parts: [...parts] };
  }
  return null;
}

/** The texts that the search looks through, from a document of a job; the same as the index is made of. */
function textsOf(document: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const at = (...path: readonly string[]): string => {
    let value: unknown = document;
    for (const name of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
    return typeof value === 'string' ? value : '';
  };
  const attempts = Array.isArray(document['attempts'])
    ? document['attempts'].map((_, n) => at('attempts', String(n), 'acceptanceId'))
    : [];
  return {
    prompt: at('input', 'prompt'),
    error: `${at('failure', 'code')} ${at('failure', 'message')}`,
    ids: [
      at('_id'),
      at('workspaceId'),
      at('billing', 'generationId'),
      at('provider', 'acceptanceId'),
      ...attempts,
    ].join(' '),
    user: at('userId'),
    output: at('output', 'uri'),
  };
}
