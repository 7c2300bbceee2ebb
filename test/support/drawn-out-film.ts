import { film } from './film.ts';

/** Boxes of an MP4 that hold boxes, on the way to the tables of a track's samples. */
const PARENTS: readonly string[] = ['moov', 'trak', 'mdia', 'minf', 'stbl'];

/**
 * A film of a kilobyte that claims four thousand million frames and says of one of them that it is shown later than it is read: who wants
 * to know how long it is has to put all of them into order.
 */
export async function drawnOutFilm(): Promise<Buffer> {
  return rewritten(await film());
}

function rewritten(boxes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < boxes.length;) {
    const size = boxes.readUInt32BE(at);
    const type = boxes.toString('latin1', at + 4, at + 8);
    const content = boxes.subarray(at + 8, at + size);
    if (type === 'stbl') parts.push(box(type, Buffer.concat([rewritten(content), box('ctts', words(0, 1, 1, 1))])));
    else if (PARENTS.includes(type)) parts.push(box(type, rewritten(content)));
    else if (type === 'stts') parts.push(box(type, words(0, 1, 0xffff_ffff, 1)));
    else parts.push(box(type, content));
    at += size;
  }
  return Buffer.concat(parts);
}

function box(type: string, content: Buffer): Buffer {
  return Buffer.concat([words(content.length + 8), Buffer.from(type, 'latin1'), content]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, n) => bytes.writeUInt32BE(value, n * 4));
  return bytes;
}
