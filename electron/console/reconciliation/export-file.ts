import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import type { Exported, ExportFormat } from '#contract/period-views.ts';
import { writingError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { csvFile, seenColumns, type CleanText, type CsvValue, type ExportColumn } from './csv.ts';

/** A table that is exported. The same table gives the same bytes in every form. */
export interface ExportTable<Row> {
  /** The file's name without its ending. */
  readonly name: string;
  readonly columns: readonly ExportColumn<Row>[];
  readonly rows: readonly Row[];
}

/** How a table is written, and what is hidden from whoever exports it. */
export interface ExportWish {
  readonly format: ExportFormat;
  readonly clean: CleanText;
}

/** Writes a table into a folder as a whole file, or not at all. Errors: `disk_full`, `internal`. */
export async function exportTable<Row>(
  folder: string,
  table: ExportTable<Row>,
  { format, clean }: ExportWish,
): Promise<Result<Exported, AppError>> {
  const file = path.join(folder, `${table.name}.${format}`);
  try {
    const bytes = await encodeTable({ ...table, columns: seenColumns(table.columns, clean) }, format);
    await mkdir(folder, { recursive: true });
    await writeFile(`${file}.new`, bytes);
    await rename(`${file}.new`, file);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return ok({ path: file, rows: table.rows.length, sha256 });
  } catch (cause) {
    return err(writingError('the export could not be written', cause));
  }
}

async function encodeTable<Row>(table: ExportTable<Row>, format: ExportFormat): Promise<Uint8Array> {
  switch (format) {
    case 'csv':
      return Buffer.from([...csvFile(table.columns, table.rows)].join(''), 'utf8');
    case 'json': {
      const rows = table.rows.map((row) =>
        Object.fromEntries(table.columns.map(({ title, value }) => [title, value(row)])),
      );
      return Buffer.from(
        `${JSON.stringify({ format: 'runledger-table-1', name: table.name, rows }, null, 1)}\n`,
        'utf8',
      );
    }
    case 'xlsx':
      return sheetOf(table);
  }
}

/** Cells of a sheet have types, so that a text which begins like a formula stays a text. */
async function sheetOf<Row>({ columns, rows }: ExportTable<Row>): Promise<Uint8Array> {
  // Nobody waits for it at a start: few exports are sheets.
  const { default: writeSheet } = await import('write-excel-file/node');
  const cellOf = (value: CsvValue) => {
    if (value === null) return null;
    if (typeof value === 'number') return { value, type: Number };
    return typeof value === 'boolean' ? { value, type: Boolean } : { value, type: String };
  };
  const head = columns.map(({ title }) => ({ value: title, type: String, fontWeight: 'bold' as const }));
  const body = rows.map((row) => columns.map(({ value }) => cellOf(value(row))));
  const made = await writeSheet([head, ...body], { sheet: 'Runledger' }).toBuffer();
  // The archive holds the time at which it was made; packed again it is the same bytes on every day.
  return zipSync(unzipSync(made), { mtime: new Date(1980, 0, 1), level: 6 });
}
