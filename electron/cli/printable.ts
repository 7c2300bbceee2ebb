const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SHOWN = '\ufffd';

/** One line with everything in it that comes from elsewhere, where what would move the cursor, change colours or turn texts around is shown as a mark. */
export function printableLine(line: string): string {
  return line.replace(CONTROL, SHOWN);
}

/** See {@link printableLine}; its lines, and the tabs in them, stay. */
export function printableText(text: string): string {
  return text.replace(CONTROL, (sign, at: number) => {
    const isKept = sign === '\n' || sign === '\t' || (sign === '\r' && text[at + 1] === '\n');
    return isKept ? sign : SHOWN;
  });
}
