import { explainError } from '#domain/errors.ts';
import { lackingByRequest } from '#contract/request-refusal.ts';
import { missingPrivileges, READS } from '#domain/privileges.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

/** Who is this login, and what does it lack? */
export const privilegesCheck: DoctorCheck = {
  name: 'privileges',
  run: async ({ store }) => {
    if (!store.ok) return skipped('no server to ask');
    const { people } = store.value;
    const login = await people.readLogin();
    if (!login.ok) return { level: 'error', says: explainError(login.error), todo: null };
    const { user, privileges } = login.value;
    if (user === null) {
      return {
        level: 'warning',
        says: 'the server asks nobody to log in: whoever reaches it may do everything, and names prove nothing',
        todo: 'Turn on authorization, and make users with `npm run cli -- roles --db DATABASE`.',
      };
    }
    const unread = missingPrivileges(READS, privileges, people.dbName);
    if (unread.length > 0) {
      return {
        level: 'error',
        says: `${user} lacks ${unread.join(', ')}`,
        todo: 'Give the user one of the roles that `npm run cli -- roles --db DATABASE` prints.',
      };
    }
    const unwritten = Object.entries(lackingByRequest(privileges, people.dbName));
    if (unwritten.length === 0) return fine(`${user} may do everything that a founder needs`);
    const lacks = unwritten.map(([request, missing]) => `\n  ${request}: ${missing.join(', ')}`);
    // Not a fault: the least that a role needs is less than everything.
    return fine(`${user} reads everything; switched off, because the server would refuse it:${lacks.join('')}`);
  },
};
