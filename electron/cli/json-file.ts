import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { parseJsonText } from '#domain/json-text.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';

/** What a JSON file that somebody names holds. Error: `invalid_request`, with the file and what is wrong with it. */
export function readJsonFile<Value>(file: string, schema: z.ZodType<Value>): Result<Value, AppError> {
  const text = textOf(file);
  if (!text.ok) return text;
  try {
    const parsed = safeParse(schema, parseJsonText(text.value));
    if (parsed.success) return ok(parsed.data);
    return err(appError('invalid_request', `${file}: ${firstIssueOf(parsed.error)}`));
  } catch (cause) {
    return err(appError('invalid_request', `${file} is no JSON that can be read`, cause));
  }
}

function textOf(file: string): Result<string, AppError> {
  try {
    return ok(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const says = why === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read, ${why}`;
    return err(appError('invalid_request', says, cause));
  }
}
