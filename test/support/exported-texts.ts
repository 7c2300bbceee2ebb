import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';

/** A file that was exported: its name, what kind of export it is, and all that stands in it; what is packed is unpacked. */
export interface ExportedText {
  readonly name: string;
  readonly kind: string;
  readonly text: string;
}

/** Every file of a folder of exports. */
export function exportedTexts(folder: string): readonly ExportedText[] {
  return readdirSync(folder).map((name) => {
    const bytes = readFileSync(path.join(folder, name));
    const isPacked = bytes.subarray(0, 2).toString() === 'PK';
    const parts = isPacked ? Object.values(unzipSync(bytes)).map((part) => Buffer.from(part)) : [bytes];
    return { name, kind: name.split('-')[0] ?? '', text: parts.map((part) => part.toString('utf8')).join('\n') };
  });
}
