import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { required, validationOf, type Check } from './checks.ts';

/** A picture of more pixels is not decoded to look whether it is blank: it would not fit into memory decently. */
const PIXELS_MAX = 40_000_000;

/** Holds a picture against what was asked for: of its format by its signature, of its size, whole, and not blank. */
export async function validateImage(file: string, options: Readonly<Record<string, unknown>>): Promise<Validation> {
  const { size, format = 'png' } = JOB_KINDS.image.optionsSchema.parse(options);
  const found = await headOf(file);
  if (found?.format !== format) {
    const is = found === null ? 'no picture that is known' : `a picture of the format ${found.format}`;
    return validationOf([required('signature', false, `The file is ${is}; ${format} was asked for.`)]);
  }
  const checks: Check[] = [
    required('signature', true, `A picture of the format ${format} by its signature.`),
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

/**
 * The beginnings of the formats that can be asked for: PNG, JPEG, WebP. The library knows many more, and of some a kilobyte keeps it busy
 * for as long as its maker likes, such as of a drawing that draws itself again and again; none of those is handed to it.
 */
const SIGNATURES = /^(?:\x89PNG\r\n|\xff\xd8\xff|RIFF[^]{4}WEBP)/;
const SIGNATURE_BYTES_MAX = 12;

async function beginningOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SIGNATURE_BYTES_MAX));
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function headOf(
  file: string,
): Promise<{ readonly width: number; readonly height: number; readonly format: string } | null> {
  if (!SIGNATURES.test(await beginningOf(file))) return null;
  try {
    const { width, height, format } = await sharp(file).metadata();
    return { width, height, format };
  } catch {
    // The library refuses every file that it does not know; that is the answer, not an accident.
    return null;
  }
}

async function pixelChecks(file: string): Promise<readonly Check[]> {
  try {
    // A picture that was cut off would be filled up with grey unless every warning counts.
    const { channels } = await sharp(file, { failOn: 'warning', limitInputPixels: PIXELS_MAX }).stats();
    const isNotBlank = channels.some(({ min, max }) => min !== max);
    return [
      required('decodes', true, 'Every pixel could be read.'),
      required(
        'not_blank',
        isNotBlank,
        isNotBlank ? 'The picture has more than one colour.' : 'The picture is blank: it has one colour.',
      ),
    ];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return [required('decodes', false, `The picture cannot be decoded: ${reason}`.slice(0, 1000))];
  }
}
