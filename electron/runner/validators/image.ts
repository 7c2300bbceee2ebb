import { open, readFile } from 'node:fs/promises';
import { imageSize } from 'image-size';
import { PNG } from 'pngjs';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { required, validationOf, type Check } from './checks.ts';

/** The head of a file is enough to know its type and dimensions. */
const HEAD_BYTES = 256 * 1024;
/** A picture of more pixels is not decoded to look whether it is blank: it would not fit into memory decently. */
const PIXELS_MAX = 40_000_000;

/** Holds a picture against what was asked for: a PNG by its signature, of the size asked for, whole, and not blank. */
export async function validateImage(file: string, options: Readonly<Record<string, unknown>>): Promise<Validation> {
  const { size } = JOB_KINDS.image.optionsSchema.parse(options);
  const head = await readHead(file);
  const found = sizeOf(head);
  if (found === null || found.type !== 'png') {
    return validationOf([
      required(
        'signature',
        false,
        `The file is ${found === null ? 'no picture that is known' : `a ${found.type}`}, not a PNG.`,
      ),
    ]);
  }
  const checks: Check[] = [
    required('signature', true, 'A PNG by its signature.'),
    required(
      'dimensions',
      `${found.width}x${found.height}` === size,
      `${found.width}x${found.height} pixels; ${size} were asked for.`,
    ),
  ];
  if (found.width * found.height > PIXELS_MAX) {
    return validationOf([...checks, required('decodes', false, `More than ${PIXELS_MAX} pixels.`)]);
  }
  return validationOf([...checks, ...(await pixelChecks(file))]);
}

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function sizeOf(head: Uint8Array): { readonly width: number; readonly height: number; readonly type: string } | null {
  try {
    const { width, height, type } = imageSize(head);
    return { width, height, type: type ?? 'unknown' };
  } catch {
    // The library throws for every file that it does not know; that is the answer, not an accident.
    return null;
  }
}

async function pixelChecks(file: string): Promise<readonly Check[]> {
  let pixels: Uint8Array;
  try {
    // Not by stream: the decoder's stream waits for ever on a file that was cut off, its whole read refuses it.
    pixels = PNG.sync.read(await readFile(file)).data;
  } catch (cause) {
    return [
      required(
        'decodes',
        false,
        `The picture cannot be decoded: ${cause instanceof Error ? cause.message : String(cause)}`.slice(0, 1000),
      ),
    ];
  }
  return [
    required('decodes', true, 'Every pixel could be read.'),
    required('not_blank', !isBlank(pixels), 'The picture has more than one colour.'),
  ];
}

function isBlank(pixels: Uint8Array): boolean {
  for (let at = 4; at < pixels.length; at += 1) if (pixels[at] !== pixels[at % 4]) return false;
  return true;
}
