import { Ajv, type AnySchema, type ErrorObject, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { SchemaQuestion, SchemaVerdict } from './check-messages.ts';

const ERRORS_MAX = 10;

const OPTIONS: Options = {
  // What a schema says beyond the standard is its author's business.
  strict: false,
  allErrors: true,
  logger: false,
};

/**
 * Compiles a schema and holds the JSON of a text against it; at most ten places are told. It may take for ever, because schemas are
 * the customer's and a pattern in one can take longer than the universe: only for a thread that can be ended.
 */
export function judgeSchema({ schema, text }: SchemaQuestion): SchemaVerdict {
  try {
    const validate = compile(schema);
    if (text === null || validate(JSON.parse(text))) return { type: 'fits' };
    return { type: 'differs', places: (validate.errors ?? []).slice(0, ERRORS_MAX).map(describe) };
  } catch (cause) {
    return { type: 'unusable', reason: cause instanceof Error ? cause.message : String(cause) };
  }
}

function describe({ instancePath, message }: ErrorObject): string {
  return `${instancePath === '' ? '(the whole)' : instancePath} ${message ?? 'is not as described'}`;
}

function compile(schema: AnySchema) {
  const dialect = typeof schema === 'object' ? String(schema['$schema'] ?? '') : '';
  const ajv = dialect.includes('2020-12')
    ? new Ajv2020(OPTIONS)
    : dialect.includes('2019-09')
      ? new Ajv2019(OPTIONS)
      : new Ajv(OPTIONS);
  addFormats(ajv);
  const validate = ajv.compile(schema);
  // It would answer with a promise, which holds everything for right and, rejected behind everybody's back, ends the process.
  if ('$async' in validate) throw new Error('$async is no word of JSON Schema');
  return validate;
}
