import {
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
  WebMOutputFormat,
} from 'mediabunny';

/** What a film of a test is. */
export interface FilmSpec {
  readonly container?: 'mp4' | 'webm';
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly hasVideo?: boolean;
  readonly hasAudio?: boolean;
  /** Frames of VP8, each a key frame, a tenth of a second each, in place of those that no decoder likes. */
  readonly frames?: readonly Uint8Array[];
}

const FRAMES_PER_SECOND = 10;

/** A real container; around frames that no decoder would like unless they are given, for whoever checks the container alone. */
export async function film(spec: FilmSpec = {}): Promise<Buffer> {
  const { container = 'mp4', seconds = 2, width = 64, height = 48, hasVideo = true, hasAudio = false } = spec;
  const target = new BufferTarget();
  const output = new Output({ format: container === 'mp4' ? new Mp4OutputFormat() : new WebMOutputFormat(), target });
  const video = new EncodedVideoPacketSource(spec.frames === undefined ? 'vp9' : 'vp8');
  const audio = new EncodedAudioPacketSource('opus');
  if (hasVideo) output.addVideoTrack(video);
  if (hasAudio) output.addAudioTrack(audio);
  await output.start();
  const duration = 1 / FRAMES_PER_SECOND;
  const count = spec.frames?.length ?? seconds * FRAMES_PER_SECOND;
  const codec = spec.frames === undefined ? 'vp09.00.10.08' : 'vp8';
  for (let n = 0; n < count; n += 1) {
    const packet = new EncodedPacket(spec.frames?.[n] ?? new Uint8Array(40).fill(n), 'key', n * duration, duration);
    const decoderConfig = { codec, codedWidth: width, codedHeight: height };
    if (hasVideo) await video.add(packet, n === 0 ? { decoderConfig } : undefined);
    const audioConfig = { codec: 'opus', numberOfChannels: 1, sampleRate: 48_000 };
    if (hasAudio) await audio.add(packet, n === 0 ? { decoderConfig: audioConfig } : undefined);
  }
  await output.finalize();
  if (target.buffer === null) throw new Error('no film was made');
  return Buffer.from(target.buffer);
}
