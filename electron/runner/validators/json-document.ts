import { readFile, stat } from 'node:fs/promises';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { required, validationOf, type Check } from './checks.ts';
import { schemaOf, type CheckThreads } from './check-threads.ts';

/** A text above this size is none that somebody reads, in bytes. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/** What holds JSON against the schemas of options. */
type Differences = Pick<CheckThreads, 'differences'>;

/** Holds a document against its options: text that is there and whole, or JSON as its schema describes it. */
export async function validateDocument(
  file: string,
  options: Readonly<Record<string, unknown>>,
  schemas: Differences,
): Promise<Validation> {
  const { mime } = JOB_KINDS.document.artefactOf(options);
  if (mime === 'application/json') return validateJson(file, options, schemas);
  const text = await readText(file);
  if (!text.check.passed) return validationOf([text.check]);
  const hasWords = text.value.trim() !== '';
  const checks = [
    text.check,
    required('not_empty', hasWords, hasWords ? 'The document has words.' : 'The document is empty.'),
  ];
  if (mime === 'text/markdown') checks.push(closedFences(text.value));
  return validationOf(checks);
}

/** Holds data against their options: one JSON value, as its schema describes it where there is one. */
export function validateData(
  file: string,
  options: Readonly<Record<string, unknown>>,
  schemas: Differences,
): Promise<Validation> {
  return validateJson(file, options, schemas);
}

async function validateJson(
  file: string,
  options: Readonly<Record<string, unknown>>,
  schemas: Differences,
): Promise<Validation> {
  const text = await readText(file);
  if (!text.check.passed) return validationOf([text.check]);
  try {
    JSON.parse(text.value);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return validationOf([text.check, required('parses', false, `It is not JSON: ${message}`.slice(0, 500))]);
  }
  const checks = [text.check, required('parses', true, 'One JSON value.')];
  if (schemaOf(options) !== undefined) {
    const differences = await schemas.differences(options, text.value);
    const message = differences.length === 0 ? 'As its schema describes it.' : differences.join('; ').slice(0, 900);
    checks.push(required('schema', differences.length === 0, message));
  }
  return validationOf(checks);
}

async function readText(file: string): Promise<{ readonly check: Check; readonly value: string }> {
  const { size } = await stat(file);
  if (size === 0 || size > TEXT_BYTES_MAX) {
    const message = `The file has ${size} bytes; between 1 and ${TEXT_BYTES_MAX} are expected.`;
    return { check: required('size', false, message), value: '' };
  }
  try {
    const value = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
    return { check: required('readable', true, `${size} bytes of text.`), value };
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return { check: required('readable', false, 'The file is not text in UTF-8.'), value: '' };
  }
}

/** A reply that was cut off often ends within a block of code. */
function closedFences(text: string): Check {
  const fences = text.split('\n').filter((line) => /^\s{0,3}(?:```|~~~)/.test(line)).length;
  return required(
    'complete',
    fences % 2 === 0,
    fences % 2 === 0 ? 'Every block of code has an end.' : 'A block of code has no end: the document was cut off.',
  );
}
