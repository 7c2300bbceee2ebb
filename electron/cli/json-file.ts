import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** What a JSON file that somebody names holds. Error: `invalid_request`, with the file and what is wrong with it. */
export function readJsonFile<Value>(file: string, schema: z.ZodType<Value>): Result<Value, AppError> {
  try {
    const parsed = safeParse(schema, JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return ok(parsed.data);
    const [issue] = parsed.error.issues;
    return err(appError('invalid_request', `${file}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`));
  } catch (cause) {
    return err(appError('invalid_request', `${file} is no JSON that can be read`, cause));
  }
}
