import type { z } from 'zod';
import type { MalformedRecord } from '#contract/malformed-record.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { idTextOf } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';

/** What a schema reads in a value of the server. Error: `malformed_document`, with the first thing that does not fit. */
export function parsed<Value>(schema: z.ZodType<Value>, value: unknown, subject: string): Result<Value, AppError> {
  const result = safeParse(schema, value);
  if (result.success) return ok(result.data);
  return err(appError('malformed_document', `${subject}: ${firstIssueOf(result.error)}`));
}

/** The same of a document of a collection, which the error names by its id. */
export function parsedDocument<Value>(
  schema: z.ZodType<Value>,
  document: { readonly _id?: unknown },
  collection: string,
): Result<Value, AppError> {
  return parsed(schema, document, `${collection} ${idTextOf(document._id)}`);
}

/** The same of documents of a collection. Error: `malformed_document` for the first that does not fit. */
export function parsedEach<Value>(
  schema: z.ZodType<Value>,
  documents: readonly { readonly _id?: unknown }[],
  collection: string,
): Result<Value[], AppError> {
  const values: Value[] = [];
  for (const document of documents) {
    const value = parsedDocument(schema, document, collection);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return ok(values);
}

/** Documents of a list as far as they can be read, and those that cannot. */
export interface Listed<Value> {
  readonly values: readonly Value[];
  readonly malformed: readonly MalformedRecord[];
}

/** The same for a list that people look at: one that does not fit is named, and hides none of the others. */
export function listedOf<Value>(
  schema: z.ZodType<Value>,
  documents: readonly { readonly _id?: unknown }[],
): Listed<Value> {
  const values: Value[] = [];
  const malformed: MalformedRecord[] = [];
  for (const document of documents) {
    const result = safeParse(schema, document);
    if (result.success) values.push(result.data);
    else malformed.push({ id: idTextOf(document._id), problem: firstIssueOf(result.error) });
  }
  return { values, malformed };
}
