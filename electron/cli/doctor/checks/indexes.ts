import { fine, skipped, type DoctorCheck } from '../check.ts';

/** Are the indexes there that runners and polling need? */
export const indexesCheck: DoctorCheck = {
  name: 'indexes',
  run: ({ store }) => {
    if (!store.ok) return Promise.resolve(skipped('no server to look at'));
    const { missingIndexes } = store.value;
    return Promise.resolve(
      missingIndexes.length === 0
        ? fine('every index that runners and polling need is there')
        : {
            level: 'warning',
            says: `missing: ${missingIndexes.join(', ')}`,
            todo: 'Create them with `npm run cli -- indexes --uri URI --create`; until then no runner begins.',
          },
    );
  },
};
