import type { Database, Statement } from 'better-sqlite3';
import type { JobRow } from '#contract/job-views.ts';
import {
  cutAroundHit,
  SEARCH_FIELDS,
  searchTermsOf,
  type SearchField,
  type SearchTerm,
} from '#contract/query/search-terms.ts';
import { searchedText } from './searched-texts.ts';

/** How much of a text a line of the list shows around what was searched for, in characters. */
const SHOWN_CHARS = 160;

/** Shows in each line of a search what was found in it. */
export class RowHits {
  readonly #documents: Statement<[string], { id: string; document: Buffer }>;

  constructor(db: Database) {
    // One statement for all of a page: one for each line cost five times as much.
    this.#documents = db.prepare(
      `SELECT id, document FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN jobs ON id = wanted
       CROSS JOIN job_documents USING (num)`,
    );
  }

  /** The rows with the first place that was found in each; what a line shows anyway is looked at before its document. */
  mark(rows: readonly JobRow[], text: string): readonly JobRow[] {
    const terms = searchTermsOf(text);
    if (terms.length === 0) return rows;
    const shown = rows.map((row) => {
      const texts = shownTexts(row);
      return { ...row, hit: firstHit(terms, (field) => texts[field]) };
    });
    const stored = this.#storedHits(
      shown.flatMap(({ id, hit }) => (hit === null ? [id] : [])),
      terms,
    );
    return shown.map((row) => ({ ...row, hit: row.hit ?? stored.get(row.id) ?? null }));
  }

  #storedHits(ids: readonly string[], terms: readonly SearchTerm[]): ReadonlyMap<string, JobRow['hit']> {
    const hits = new Map<string, JobRow['hit']>();
    // One after the other: documents may be large, and a page has hundreds of lines.
    for (const { id, document } of this.#documents.iterate(JSON.stringify(ids))) {
      hits.set(
        id,
        firstHit(terms, (field) => searchedText(document, field)),
      );
    }
    return hits;
  }
}

/** What a line of the list shows of each field. */
function shownTexts(row: JobRow): Readonly<Record<SearchField, string>> {
  return { prompt: row.promptStart, error: row.failureMessage ?? '', ids: row.id, user: row.userId, output: '' };
}

function firstHit(terms: readonly SearchTerm[], textOf: (field: SearchField) => string): JobRow['hit'] {
  for (const field of SEARCH_FIELDS) {
    if (terms.every((term) => term.field !== null && term.field !== field)) continue;
    const parts = cutAroundHit(textOf(field), terms, { field, chars: SHOWN_CHARS });
    if (parts !== null) return { field, parts: [...parts] };
  }
  return null;
}
