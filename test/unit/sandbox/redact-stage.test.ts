import { describe, expect, it } from 'vitest';
import { codeOf, exact, piped } from '../../support/evaluated.ts';

const BY_LEVEL = { $cond: [{ $lte: ['$l', '$$ROOT.max'] }, '$$DESCEND', '$$PRUNE'] };

describe('$redact', () => {
  it('goes down into documents and lists, and looks at each by its own fields', () => {
    const document = { max: 1, l: 1, a: [{ l: 2 }, { l: 1, b: { l: 5 } }, 7, [{ l: 9 }, { l: 1 }]], c: { l: 3 } };
    expect(exact(piped([{ $redact: BY_LEVEL }], [document]))).toBe(
      exact([{ max: 1, l: 1, a: [{ l: 1 }, 7, [{ l: 1 }]] }]),
    );
    expect(piped([{ $redact: '$$PRUNE' }], [document])).toEqual([]);
    expect(exact(piped([{ $redact: '$$KEEP' }], [document]))).toBe(exact([document]));
  });

  it('refuses other verdicts, which are told nowhere else', () => {
    expect(codeOf(() => piped([{ $redact: 'x' }], [{}]))).toBe(17_053);
    expect(codeOf(() => piped([{ $project: { x: '$$KEEP' } }], [{}]))).toBe(17_276);
  });
});
