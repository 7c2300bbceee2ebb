import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ARTEFACT_NAME, OUTPUT_TEXT_MAX, PREVIEW_PATH, type OutputView } from '#contract/output-views.ts';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { indentedExactly } from '#domain/exact-json.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Output } from '#domain/job.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';

/**
 * What can be shown of a job's output. Only artefacts that a runner of this machine keeps are read; nothing is ever fetched.
 * @param artefactDir absolute
 */
export function outputHandlers(copy: ReadCopy, artefactDir: string, lens: () => Lens | null): HandlersOf<'output'> {
  return {
    'output.get': async ({ jobId }, { signal }) => {
      const found = await copy(signal).job(jobId);
      if (!found.ok) return found;
      const output = found.value?.type === 'job' ? found.value.job.output : null;
      if (output === null) return err(appError('not_found', `${jobId} has no output`));
      const seen = lens();
      if (seen !== null && seen.output !== null) {
        return ok({ state: 'hidden', look: 'none', path: null, text: redactionMark(seen.output) });
      }
      return lookAt(output, { artefactDir, signal, lens: seen });
    },
  };
}

interface Looking {
  readonly artefactDir: string;
  readonly signal: AbortSignal;
  readonly lens: Lens | null;
}

async function lookAt(output: Output, { artefactDir, signal, lens }: Looking): Promise<Result<OutputView, AppError>> {
  const name = output.uri.startsWith('artefact:') ? output.uri.slice('artefact:'.length) : '';
  const nothing = { look: 'none', path: null, text: null } as const;
  if (!ARTEFACT_NAME.test(name)) return ok({ state: 'elsewhere', ...nothing });
  const file = path.join(artefactDir, name);
  try {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash, { signal });
    const isIntact = hash.digest('hex') === output.sha256;
    // What has other bytes than were paid for may be anything: it is named, and not shown.
    if (!isIntact) return ok({ state: 'changed', ...nothing });
    const wanted = lookOf(output.mime);
    // A page is drawn from its file, which holds what patterns hide; its source can be read without it.
    const look = wanted === 'page' && lens?.hasPatterns === true ? 'text' : wanted;
    if (look === 'text') {
      const text = await readText(file, output.mime);
      const clean = (lens?.clean(text) ?? text).slice(0, OUTPUT_TEXT_MAX);
      return ok({ state: 'intact', look, path: null, text: clean });
    }
    return ok({ state: 'intact', look, path: look === 'none' ? null : `${PREVIEW_PATH}${name}`, text: null });
  } catch (cause) {
    if (signal.aborted) return err(appError('cancelled'));
    if (systemCodeOf(cause) === 'ENOENT') return ok({ state: 'missing', ...nothing });
    return err(appError('internal', 'the artefact cannot be read', cause));
  }
}

function lookOf(mime: string): OutputView['look'] {
  const type = mime.split(';')[0]?.trim().toLowerCase() ?? '';
  if (/^image\/(png|jpeg|gif|webp|avif)$/.test(type)) return 'image';
  if (/^video\/(mp4|webm)$/.test(type)) return 'video';
  if (type === 'text/html') return 'page';
  return type === 'application/json' || type.endsWith('+json') || type.startsWith('text/') ? 'text' : 'none';
}

async function readText(file: string, mime: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(OUTPUT_TEXT_MAX), 0, OUTPUT_TEXT_MAX, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    return mime.includes('json') ? indented(text).slice(0, OUTPUT_TEXT_MAX) : text;
  } finally {
    await handle.close();
  }
}

function indented(text: string): string {
  try {
    return indentedExactly(text);
  } catch (cause) {
    // Cut or broken JSON is shown as it stands.
    if (cause instanceof SyntaxError) return text;
    throw cause;
  }
}
