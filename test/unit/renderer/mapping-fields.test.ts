import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import { mappingDraftOf } from '../../../renderer/views/connections/mapping-draft.ts';
import { MappingFields } from '../../../renderer/views/connections/mapping-fields.tsx';

it('heads the fields of a mapping with words, and not with the spelling of a character', () => {
  const markup = renderToStaticMarkup(
    createElement(MappingFields, {
      view: {
        part: 'jobs',
        isThere: true,
        documents: 0,
        soundDocuments: 0,
        coverage: [],
        faults: [],
        paths: [],
        preview: [],
      },
      draft: mappingDraftOf(NO_MAPPING),
      isStale: false,
      showsOptional: true,
      onChange: () => undefined,
    }),
  );
  expect(markup).toContain('<th scope="col">Runledger&#x27;s field</th>');
});
