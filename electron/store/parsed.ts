import type { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** What a schema reads in a value of the server. Error: `malformed_document`, with the first thing that does not fit. */
export function parsed<Value>(schema: z.ZodType<Value>, value: unknown, subject: string): Result<Value, AppError> {
  const result = safeParse(schema, value);
  if (result.success) return ok(result.data);
  const issue = result.error.issues[0];
  return err(appError('malformed_document', `${subject}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`));
}
