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
  const isClosed = !endsWithinFence(text);
  const message = isClosed
    ? 'Every block of code has an end.'
    : 'A block of code has no end: the document was cut off.';
  return required('complete', isClosed, message);
}

/** The beginning of a block, which may be the first thing of an item of a list; and a line that may end one. */
const FENCE_BEGINS = /^((?: {0,3}|[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)+))(`{3,}|~{3,})(.*)$/;
const FENCE_ENDS = /^([ \t]*)(`{3,}|~{3,})[ \t]*$/;

/**
 * By the rules of CommonMark (4.5): a block ends with at least as many of the same signs, and with nothing behind them; what is within it
 * begins none. Three backticks with others behind them in the same line are code within the text.
 */
function endsWithinFence(text: string): boolean {
  let open: { readonly fence: string; readonly indent: number } | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (open === null) {
      const [, before = '', fence, behind = ''] = FENCE_BEGINS.exec(line) ?? [];
      const isInText = fence?.startsWith('`') === true && behind.includes('`');
      if (fence !== undefined && !isInText) open = { fence, indent: before.length };
    } else {
      const [, before = '', fence = ''] = FENCE_ENDS.exec(line) ?? [];
      if (before.length <= open.indent + 3 && fence.startsWith(open.fence)) open = null;
    }
  }
  return open !== null;
}
