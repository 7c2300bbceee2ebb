import type { Database, Statement } from 'better-sqlite3';
import { INDEXED_BEGINNING_MAX } from './schema.ts';

/** The most words that are looked for in place of a beginning. */
const WORDS_MAX = 8;

/**
 * Names the words that begin as a long one does that is being typed. Beyond the length up to which beginnings have an index, FTS5 puts the
 * hits of all of them together before it gives the first, which for one word of most jobs takes as long as reading all of its hits.
 */
export class WordsBeginning {
  readonly #from: Statement<[string], { term: string }>;

  constructor(db: Database) {
    // Of the connection, because one that cannot write has no other place for it; it reads the words of the search index and holds nothing.
    db.exec('CREATE VIRTUAL TABLE IF NOT EXISTS temp.job_terms USING fts5vocab(main, jobs_text, instance)');
    this.#from = db.prepare('SELECT term FROM temp.job_terms WHERE term >= ? LIMIT 1');
  }

  /** The words, ascending; null where the beginning is short, or that of too many. @param beginning as the index has it */
  read(beginning: string): readonly string[] | null {
    if (beginning.length <= INDEXED_BEGINNING_MAX) return null;
    const words: string[] = [];
    for (let from = beginning; words.length <= WORDS_MAX;) {
      const term = this.#from.get(from)?.term;
      if (term === undefined || !term.startsWith(beginning)) return words;
      words.push(term);
      // Straight behind the word, and not through each place where it stands: no word has this character.
      from = `${term}\u0001`;
    }
    return null;
  }
}
