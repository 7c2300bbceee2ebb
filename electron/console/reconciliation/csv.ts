/** A value of a cell; numbers stay numbers. */
export type CsvValue = string | number | boolean | null;

/** A column of a table that leaves the console. */
export interface ExportColumn<Row> {
  readonly title: string;
  readonly value: (row: Row) => CsvValue;
  /** True where somebody outside of the console may have written it, so that redaction applies; ids are never redacted. */
  readonly isWords?: boolean;
}

/** A text without what is hidden from whoever exports it. */
export type CleanText = (text: string) => string;

/** The columns as they are for somebody from whom some texts are hidden. */
export function seenColumns<Row>(
  columns: readonly ExportColumn<Row>[],
  clean: CleanText,
): readonly ExportColumn<Row>[] {
  return columns.map((column) => {
    if (column.isWords !== true) return column;
    const value = (row: Row): CsvValue => {
      const cell = column.value(row);
      return typeof cell === 'string' ? clean(cell) : cell;
    };
    return { ...column, value };
  });
}

/**
 * A cell that a spreadsheet shows and does not run: a text that begins like a formula (`= + - @`, tab, carriage return, and
 * their full-width forms) gets an apostrophe in front, as OWASP's "CSV Injection" page advises; everything that holds a
 * separator, a quote or a line break is quoted. Numbers are written as they are, also negative ones: a plain number is no
 * formula.
 */
function cellOf(value: CsvValue): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  // A spreadsheet skips white space and may begin a new cell at any separator it knows, so both are looked past.
  const isFormula =
    /(?:^|[\n\r,;\t|])[\s\u200b\ufeff"']*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(value) || /^[\t\r\n]/.test(value);
  const safe = isFormula ? `'${value}` : value;
  return /[",;\n\r\t']/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line of a CSV file (RFC 4180), with its line break. */
export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(cellOf).join(',')}\r\n`;
}

/**
 * A CSV file with a line of titles, as pieces of text, so that a long table never stands in memory as one. Begins with a
 * byte order mark: without it Excel takes UTF-8 for the machine's own code page.
 */
export function* csvFile<Row>(columns: readonly ExportColumn<Row>[], rows: Iterable<Row>): Iterable<string> {
  yield `\ufeff${csvLine(columns.map((column) => column.title))}`;
  for (const row of rows) yield csvLine(columns.map((column) => column.value(row)));
}
