import { describe, expect, it } from 'vitest';
import { readAuditAnswer } from '#cli/audit-answer.ts';

const bill = { components: [{ name: 'mongodb' }, { group: '@tanstack', name: 'react-query' }] };
const fault = { severity: 'high', range: '<1.0', via: [{ title: 'It runs what it is given' }] };
const answer = (vulnerabilities: object): string => JSON.stringify({ auditReportVersion: 2, vulnerabilities });

describe('the answer about known faults', () => {
  it('is clean where nothing is known', () => {
    expect(readAuditAnswer(answer({}), bill)).toEqual({ type: 'clean', packages: 2 });
  });

  it('names a fault in what is installed or bundled, and passes over what only builds or tests', () => {
    const found = readAuditAnswer(answer({ mongodb: fault, '@tanstack/react-query': fault, vitest: fault }), bill);
    expect(found).toEqual({
      type: 'found',
      lines: [
        'mongodb <1.0 (high): It runs what it is given',
        '@tanstack/react-query <1.0 (high): It runs what it is given',
      ],
    });
    expect(readAuditAnswer(answer({ vitest: fault }), bill)).toEqual({ type: 'clean', packages: 2 });
  });

  it.each([
    ['nothing', ''],
    ['a page of a proxy', '<html>502</html>'],
    ['an error', JSON.stringify({ message: 'request failed', error: { summary: '', detail: '' } })],
    ['an error without a message', JSON.stringify({ error: { code: 'ENOAUDIT', summary: 'not there' } })],
    ['something else', JSON.stringify({ metadata: {} })],
  ])('is never taken for clean where it is %s', (_what, printed) => {
    expect(readAuditAnswer(printed, bill).type).toBe('not_asked');
  });
});
