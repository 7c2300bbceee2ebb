import { FilePathSource, Input, MP4, QTFF, WEBM, type InputAudioTrack, type InputVideoTrack } from 'mediabunny';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { required, validationOf, type Check } from './checks.ts';

/** Holds a film against what was asked for: its container can be read, its length, tracks and size are right. */
export async function validateVideo(file: string, options: Readonly<Record<string, unknown>>): Promise<Validation> {
  const asked = JOB_KINDS.video.optionsSchema.parse(options);
  // QuickTime is known only to be told from MP4 by name.
  const input = new Input({ source: new FilePathSource(file), formats: [MP4, QTFF, WEBM] });
  try {
    const format = (await input.getFormat()).name;
    const container = containerCheck(format, asked.container);
    if (!container.passed) return validationOf([container]);
    const [videos, audios] = [await input.getVideoTracks(), await input.getAudioTracks()];
    const seconds = await input.computeDuration();
    return validationOf([
      container,
      required('video_track', videos.length > 0, `${videos.length} video tracks.`),
      required('not_empty', seconds > 0, `${seconds.toFixed(2)} s of film.`),
      ...durationCheck(seconds, asked),
      ...audioCheck(audios, asked.audio),
      ...(await sizeCheck(videos, asked.size)),
    ]);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return validationOf([required('container', false, `The file cannot be read as a film: ${message}`.slice(0, 500))]);
  } finally {
    input.dispose();
  }
}

function containerCheck(found: string, asked: 'mp4' | 'webm'): Check {
  const isAsked = found.toLowerCase() === asked;
  return required('container', isAsked, `The container is ${found}; ${asked} was asked for.`);
}

function durationCheck(
  seconds: number,
  {
    durationSeconds,
    toleranceSeconds,
  }: { readonly durationSeconds?: number | undefined; readonly toleranceSeconds: number },
): readonly Check[] {
  if (durationSeconds === undefined) return [];
  const isRight = Math.abs(seconds - durationSeconds) <= toleranceSeconds;
  return [required('duration', isRight, `${seconds.toFixed(2)} s; ${durationSeconds} s were asked for.`)];
}

function audioCheck(tracks: readonly InputAudioTrack[], asked: boolean | undefined): readonly Check[] {
  if (asked === undefined) return [];
  const message = `${tracks.length} audio tracks; sound was ${asked ? '' : 'not '}asked for.`;
  return [required('audio_track', tracks.length > 0 === asked, message)];
}

async function sizeCheck(tracks: readonly InputVideoTrack[], asked: string | undefined): Promise<readonly Check[]> {
  const [track] = tracks;
  if (asked === undefined || track === undefined) return [];
  const found = `${await track.getDisplayWidth()}x${await track.getDisplayHeight()}`;
  return [required('dimensions', found === asked, `${found} pixels; ${asked} were asked for.`)];
}
