import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import { mappingDraftOf } from '../../../renderer/views/connections/mapping-draft.ts';
import { MappingFields } from '../../../renderer/views/connections/mapping-fields.tsx';

type View = Parameters<typeof MappingFields>[0]['view'];

function markupOf(view: Partial<View>, showsOptional: boolean): string {
  const empty: View = {
    part: 'jobs',
    isThere: true,
    documents: 0,
    soundDocuments: 0,
    coverage: [],
    faults: [],
    paths: [],
    preview: [],
  };
  const draft = mappingDraftOf(NO_MAPPING);
  const onChange = (): void => undefined;
  return renderToStaticMarkup(
    createElement(MappingFields, { view: { ...empty, ...view }, draft, isStale: false, showsOptional, onChange }),
  );
}

it('heads the fields of a mapping with words, and not with the spelling of a character', () => {
  expect(markupOf({}, true)).toContain('<th scope="col">Runledger&#x27;s field</th>');
});

it('shows a field that need not say anything only where a document is malformed by it, or where all are asked for', () => {
  const coverage = [{ ours: 'jobId', isOptional: true, among: 4, presentShare: 0, soundShare: 0 }];
  const ledger = { part: 'ledger', documents: 4, coverage } as const;
  const faults = [{ id: 'w1:grant:1', path: 'jobId', reason: 'Invalid input' }];
  expect(markupOf(ledger, false)).not.toContain('Their field for jobId');
  expect(markupOf(ledger, true)).toContain('Their field for jobId');
  expect(markupOf({ ...ledger, faults }, false)).toContain('Their field for jobId');
});
