import { describe, expect, it } from 'vitest';
import { printableLine, printableText } from '#cli/printable.ts';

describe('what a command prints', () => {
  it.each([
    ['a file \u001b[2K\u001b[1A', 'a file \ufffd[2K\ufffd[1A'],
    ['over\rwritten', 'over\ufffdwritten'],
    ['two\nlines', 'two\ufffdlines'],
    ['a\u009b31m colour', 'a\ufffd31m colour'],
    ['turned \u202e around', 'turned \ufffd around'],
    ['café, 東京, 🙂', 'café, 東京, 🙂'],
  ])('moves no cursor and hides nothing before it: %j', (line, shown) => {
    expect(printableLine(line)).toBe(shown);
  });

  it('keeps its own lines, also those of a CSV file, where it has several', () => {
    expect(printableText('\ufeffjob,why\r\n"a\tb",x\r\n\u001b[0m\ry\n')).toBe(
      '\ufeffjob,why\r\n"a\tb",x\r\n\ufffd[0m\ufffdy\n',
    );
  });
});
