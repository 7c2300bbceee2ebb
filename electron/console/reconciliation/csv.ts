/** A value of a cell; numbers stay numbers. */
export type CsvValue = string | number | boolean | null;

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
export function* csvFile<Row>(
  columns: readonly { readonly title: string; readonly value: (row: Row) => CsvValue }[],
  rows: Iterable<Row>,
): Iterable<string> {
  yield `\ufeff${csvLine(columns.map((column) => column.title))}`;
  for (const row of rows) yield csvLine(columns.map((column) => column.value(row)));
}
