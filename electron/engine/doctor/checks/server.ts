import { ERRORS } from '#domain/errors.ts';
import { fine, type DoctorCheck } from '../check.ts';

/** Does the server answer, what is it, and can it be followed by a stream? */
export const serverCheck: DoctorCheck = {
  name: 'server',
  run: ({ store }) => {
    if (!store.ok) {
      const { code, detail } = store.error;
      const { message, action } = ERRORS[code];
      return Promise.resolve({
        level: 'error',
        says: detail === null ? message : `${message} (${detail})`,
        todo: action,
      });
    }
    const { server, kind, hasChangeStreams } = store.value.reader.topology;
    const says = `${server}, ${kind.replace('_', ' ')}`;
    return Promise.resolve(
      hasChangeStreams
        ? fine(`${says}; followed by a change stream`)
        : {
            level: 'warning',
            says: `${says}; there are no change streams, so the copy is kept by polling and deletions are found late`,
            todo: 'Run the server as a replica set, also of one member, to follow it by a stream.',
          },
    );
  },
};
