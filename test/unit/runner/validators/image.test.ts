import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { validateImage } from '#runner/validators/image.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';

function picture(width: number, height: number, isBlank = false): Buffer {
  const png = new PNG({ width, height });
  png.data.fill(200);
  if (!isBlank) png.data.fill(10, 0, 4);
  return PNG.sync.write(png);
}

describe('a picture', () => {
  it.each<readonly [string, string | Uint8Array, readonly string[]]>([
    ['as it was asked for', picture(64, 32), []],
    ['of another size', picture(32, 64), ['dimensions']],
    ['of one colour', picture(64, 32, true), ['not_blank']],
    ['that was cut off', picture(64, 32).subarray(0, 70), ['decodes']],
    ['that is a text', 'not a picture', ['signature']],
    ['that is nothing', '', ['signature']],
    ['that is another kind of picture', Buffer.from('R0lGODlhQAAgAAAAACw=', 'base64'), ['signature']],
  ])('%s', async (_what, content, failed) => {
    expect(failedChecks(await validateImage(artefactFile(content), { size: '64x32' }))).toEqual(failed);
  });
});
