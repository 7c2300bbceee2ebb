import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { validateImage } from '#runner/validators/image.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';

type Format = 'png' | 'jpeg' | 'webp';

/** Noise does not compress, so that a file that is cut in half lacks pixels whatever its format. */
async function picture(width: number, height: number, format: Format, isBlank = false): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3, 200);
  if (!isBlank) for (let at = 0; at < pixels.length; at += 1) pixels[at] = (at * 7919) % 251;
  const raw: Sharp = sharp(pixels, { raw: { width, height, channels: 3 } });
  return raw.toFormat(format).toBuffer();
}

async function failed(content: string | Uint8Array, options: Readonly<Record<string, unknown>>): Promise<unknown> {
  return failedChecks(await validateImage(artefactFile(content), options));
}

describe.each<Format>(['png', 'jpeg', 'webp'])('a picture as %s', (format) => {
  const options = { size: '64x32', format };

  it('passes as it was asked for', async () => {
    expect(await failed(await picture(64, 32, format), options)).toEqual([]);
  });

  it('fails by its size alone where that is another', async () => {
    expect(await failed(await picture(32, 64, format), options)).toEqual(['dimensions']);
  });

  it('fails where it has one colour', async () => {
    expect(await failed(await picture(64, 32, format, true), options)).toEqual(['not_blank']);
  });

  it('fails where it was cut off', async () => {
    const whole = await picture(64, 32, format);
    // The head of a WebP says how long the file is, so that one that is shorter is none from the beginning.
    const check = format === 'webp' ? 'signature' : 'decodes';
    expect(await failed(whole.subarray(0, Math.floor(whole.length / 2)), options)).toEqual([check]);
  });

  it('fails where it has another format', async () => {
    const other = format === 'png' ? 'webp' : 'png';
    expect(await failed(await picture(64, 32, other), options)).toEqual(['signature']);
  });

  it.each([
    ['text', 'not a picture'],
    ['nothing', ''],
    ['a picture that nobody asks for', Buffer.from('R0lGODlhQAAgAAAAACw=', 'base64')],
  ])('fails where it is %s', async (_what, content) => {
    expect(await failed(content, options)).toEqual(['signature']);
  });
});

it('a picture is a PNG where no format was asked for', async () => {
  expect(await failed(await picture(64, 32, 'png'), { size: '64x32' })).toEqual([]);
});

it.each([
  ['a drawing', '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"><rect width="9" height="9"/></svg>'],
  ['a picture that moves', Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')],
])('%s is none by its first bytes, and nobody looks into it', async (_what, content) => {
  const { checks } = await validateImage(artefactFile(content), { size: '64x32' });
  expect(checks.map(({ message }) => message)).toEqual(['The file is no picture that is known; png was asked for.']);
});
