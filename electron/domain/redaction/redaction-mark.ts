/**
 * What stands in the place of a hidden text. It reads as what it is wherever it is shown, holds no sign that would have to be
 * escaped in JSON, HTML or CSV, and can be found again, so that a screen may set it off.
 */
const OPEN = '⟦redacted: ';
const CLOSE = '⟧';
const MARK = /⟦redacted: ([\p{L}\p{N}][\p{L}\p{N} _-]{0,79})⟧/gu;

/** The mark of a label. */
export function redactionMark(label: string): string {
  return `${OPEN}${label}${CLOSE}`;
}

/** True where a text holds a mark. */
export function hasMark(text: string): boolean {
  return text.search(MARK) >= 0;
}

/** A piece of a text; `label` is that of the mark which it is, null where it is a text. */
export interface MarkedPiece {
  readonly text: string;
  readonly label: string | null;
}

/** Cuts a text into marks and what stands between them. */
export function piecesOf(text: string): readonly MarkedPiece[] {
  const pieces: MarkedPiece[] = [];
  let at = 0;
  for (const match of text.matchAll(MARK)) {
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), label: null });
    pieces.push({ text: match[0], label: match[1] ?? '' });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), label: null });
  return pieces;
}
