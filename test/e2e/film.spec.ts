import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { film } from '../support/film.ts';
import { expect, test } from './application.ts';
import { expectState, openJob, part } from './job.page.ts';
import { keepScreen } from './screens.ts';

const NAME = `ab/${'c'.repeat(32)}-1.webm`;
const [WIDTH, HEIGHT, FRAMES] = [320, 180, 30];

/** Key frames of VP8, which is what a picture of WebP holds, of a bar that goes from left to right. */
async function drawnFrames(page: Page): Promise<readonly Uint8Array[]> {
  const pictures = await page.evaluate(
    ({ width, height, frames }) => {
      const canvas = Object.assign(document.createElement('canvas'), { width, height });
      const context = canvas.getContext('2d', { alpha: false });
      if (context === null) throw new Error('nothing can be drawn');
      return Array.from({ length: frames }, (_, n) => {
        context.fillStyle = 'seagreen';
        context.fillRect(0, 0, width, height);
        context.fillStyle = 'gold';
        context.fillRect((n / frames) * width, 0, 24, height);
        return canvas.toDataURL('image/webp', 0.8).split(',')[1] ?? '';
      });
    },
    { width: WIDTH, height: HEIGHT, frames: FRAMES },
  );
  return pictures.map((picture) => frameIn(Buffer.from(picture, 'base64')));
}

/** The chunk with the frame; beside it WebP may hold a profile of colours. */
function frameIn(webp: Buffer): Uint8Array {
  for (let at = 12; at < webp.length;) {
    const size = webp.readUInt32LE(at + 4);
    if (webp.toString('latin1', at, at + 4) === 'VP8 ') return webp.subarray(at + 8, at + 8 + size);
    at += 8 + size + (size % 2);
  }
  throw new Error('the picture holds no frame of VP8');
}

test.describe('a film that a job made', () => {
  test('is played in the window to its end, and begins again in the middle', async ({ start, production }) => {
    await production.order({ id: 'page-1', priceCredits: 100 });
    const { page, dataDir } = await start({ env: production.env, args: ['--runner'] });
    await openJob(page, 'page-1');
    await expectState(page, 'completed');

    const bytes = await film({ container: 'webm', width: WIDTH, height: HEIGHT, frames: await drawnFrames(page) });
    await mkdir(path.join(dataDir, 'artefacts', path.dirname(NAME)), { recursive: true });
    await writeFile(path.join(dataDir, 'artefacts', NAME), bytes);
    await production.writeRaw({
      ...(await production.jobOf('page-1')),
      _id: 'film-1',
      kind: 'video',
      output: {
        uri: `artefact:${NAME}`,
        mime: 'video/webm',
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    });
    await page.goto(`${page.url().split('#')[0] ?? ''}#/jobs/film-1`);
    const output = part(page, 'Output');
    await expect(output).toContainText('The bytes have the hash that the job keeps.');
    const player = output.getByLabel('What the job made');
    await expect(player).toHaveJSProperty('videoWidth', WIDTH);
    await expect(player).toHaveJSProperty('duration', FRAMES / 10);
    await player.evaluate((video: HTMLVideoElement) => video.play());
    await expect(player).toHaveJSProperty('ended', true);
    await player.evaluate((video: HTMLVideoElement) => (video.currentTime = 1.5));
    await expect(player).toHaveJSProperty('seeking', false);
    await expect(player).toHaveJSProperty('currentTime', 1.5);
    await player.scrollIntoViewIfNeeded();
    await keepScreen(page, 'job-film');
  });
});
