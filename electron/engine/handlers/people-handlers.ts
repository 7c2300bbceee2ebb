import { setRole } from '#console/people/person-desk.ts';
import type { MalformedRecord } from '#contract/malformed-record.ts';
import type { PersonRow } from '#contract/person-views.ts';
import type { AppError } from '#domain/errors.ts';
import type { Person } from '#domain/people.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Listed } from '#store/parsed.ts';
import type { PeopleStore } from '#store/people-store.ts';
import type { PersonBoard } from '../person-board.ts';
import { whereOpen, type HandlersOf } from './handler.ts';

/**
 * Who has which role; it stands on the server, so it is read and changed there.
 * @param people null while there has been no server
 */
export function peopleHandlers(
  people: () => PeopleStore | null,
  board: PersonBoard,
  now: () => number,
): HandlersOf<'people'> {
  const withPeople = async (
    work: (open: PeopleStore) => Promise<Result<Listed<Person>, AppError>>,
  ): Promise<Result<{ people: PersonRow[]; malformed: MalformedRecord[] }, AppError>> => {
    const listed = await whereOpen(people(), work);
    if (!listed.ok) return listed;
    const { values, malformed } = listed.value;
    return ok({ people: values.map(toRow), malformed: [...malformed] });
  };
  return {
    'people.list': () => withPeople((open) => open.list()),
    'people.set': ({ personId, role }, { actor, note }) =>
      withPeople(async (open) => {
        const before = await open.list();
        if (!before.ok) return before;
        note('before', { role: before.value.values.find((person) => person._id === personId)?.role ?? null });
        const after = await setRole(open, { personId, role, by: actor.id, at: new Date(now()) });
        if (after.ok) note('after', { role });
        // Whoever changes their own role feels it at once.
        await board.refresh();
        return after;
      }),
  };
}

function toRow({ _id, role, since, by }: Person): PersonRow {
  return { id: _id, role, sinceMs: since.getTime(), by };
}
