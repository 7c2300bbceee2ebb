import { describe, expect, it } from 'vitest';
import { validateVideo } from '#runner/validators/video.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';
import { film, type FilmSpec } from '../../../support/film.ts';

describe('a film', () => {
  it.each<{ spec: FilmSpec; options: Record<string, unknown>; failed: readonly string[] }>([
    { spec: {}, options: {}, failed: [] },
    { spec: { container: 'webm' }, options: { container: 'webm' }, failed: [] },
    { spec: { container: 'webm' }, options: {}, failed: ['container'] },
    { spec: {}, options: { container: 'webm' }, failed: ['container'] },
    { spec: { seconds: 2 }, options: { durationSeconds: 2.3 }, failed: [] },
    { spec: { seconds: 2 }, options: { durationSeconds: 5 }, failed: ['duration'] },
    { spec: { seconds: 4 }, options: { durationSeconds: 5, toleranceSeconds: 1 }, failed: [] },
    { spec: { hasAudio: true }, options: { audio: true }, failed: [] },
    { spec: { hasAudio: true }, options: { audio: false }, failed: ['audio_track'] },
    { spec: {}, options: { audio: true }, failed: ['audio_track'] },
    { spec: { hasVideo: false, hasAudio: true }, options: {}, failed: ['video_track'] },
    { spec: {}, options: { size: '64x48' }, failed: [] },
    { spec: {}, options: { size: '1920x1080' }, failed: ['dimensions'] },
  ])('$spec that was asked for with $options fails $failed', async ({ spec, options, failed }) => {
    const validation = await validateVideo(artefactFile(await film(spec)), options);
    expect(failedChecks(validation)).toEqual(failed);
    expect(validation.passed).toBe(failed.length === 0);
  });

  it.each<readonly [string, () => Promise<string | Uint8Array>]>([
    ['nothing', () => Promise.resolve('')],
    ['a text', () => Promise.resolve('not a film at all')],
    ['the beginning of one', async () => (await film()).subarray(0, 60)],
  ])('that is %s cannot be read', async (_what, content) => {
    const validation = await validateVideo(artefactFile(await content()), {});
    expect(validation.passed).toBe(false);
  });
});
