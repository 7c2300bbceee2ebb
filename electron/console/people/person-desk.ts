import { sha256OfText } from '#cache/sha256.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { PERMISSIONS_OF, PERSON_ID_MAX, roleOf, type Person, type Role } from '#domain/people.ts';
import { lackingByRequest } from '#contract/request-refusal.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Listed } from '#store/parsed.ts';
import type { PeopleStore } from '#store/people-store.ts';

/** Who a connection belongs to, and what the server lets them do. */
export interface KnownPerson {
  readonly id: string;
  readonly isVerified: boolean;
  readonly role: Role;
  readonly lacking: ReturnType<typeof lackingByRequest>;
}

/**
 * Asks the server who this is. Where it asks nobody to log in, the name is what the system or the start command says, and
 * counts as unverified. Whose own document cannot be read has the least role.
 * @param fallbackName the name to take then
 */
export async function readPerson(
  people: Pick<PeopleStore, 'readLogin' | 'list' | 'dbName'>,
  fallbackName: string,
): Promise<Result<KnownPerson, AppError>> {
  const login = await people.readLogin();
  if (!login.ok) return login;
  const listed = await people.list();
  if (!listed.ok) return listed;
  const { user, privileges } = login.value;
  const id = actorIdOf(user ?? fallbackName);
  const { values, malformed } = listed.value;
  const [unreadable] = malformed;
  // That one may be who gives out the roles: everybody keeps the role that they had until somebody mends it.
  if (unreadable !== undefined && !isAnyGiver(values)) {
    return err(appError('malformed_document', `console_people ${unreadable.id}`));
  }
  return ok({
    id,
    isVerified: user !== null,
    role: roleOf(values.find((person) => person._id === id) ?? null, values.length + malformed.length > 0),
    lacking: lackingByRequest(privileges, people.dbName),
  });
}

/** Digits by which a name that was cut is told from others with the same beginning. */
const DIGEST_DIGITS = 16;

/** A certificate's or a directory's name may be longer than histories and the audit can hold: what it was written into could not be read again. */
function actorIdOf(name: string): string {
  if (name.length <= PERSON_ID_MAX) return name;
  const start = name.slice(0, PERSON_ID_MAX - DIGEST_DIGITS - 1).toWellFormed();
  return `${start}~${sha256OfText(name).slice(0, DIGEST_DIGITS)}`;
}

/**
 * Gives somebody a role or takes it away. The first role that is given out also lists the giver, who would otherwise lock
 * themselves out. Error: `illegal_role_change` where nobody would be left who may give roles, also where two founders take each other's
 * away at the same time: whoever finds nobody left puts back what was taken.
 */
export async function setRole(
  people: Pick<PeopleStore, 'list' | 'save' | 'remove'>,
  order: { readonly personId: string; readonly role: Role | null; readonly by: string; readonly at: Date },
): Promise<Result<Listed<Person>, AppError>> {
  const listed = await people.list();
  if (!listed.ok) return listed;
  const { personId, role, by, at } = order;
  const { values, malformed } = listed.value;
  const others = values.filter((person) => person._id !== personId);
  const isFirst = values.length + malformed.length === 0;
  const after = role === null ? others : [...others, { _id: personId, role, since: at, by }];
  const giver: Person = { _id: by, role: 'founder', since: at, by };
  const isGiverAdded = isFirst && personId !== by;
  const standing = isGiverAdded ? [...after, giver] : after;
  if (!isAnyGiver(standing)) return err(appError('illegal_role_change', personId));
  if (isGiverAdded) {
    const saved = await people.save(giver);
    if (!saved.ok) return saved;
  }
  const written =
    role === null ? await people.remove(personId) : await people.save({ _id: personId, role, since: at, by });
  if (!written.ok) return written;
  const left = await people.list();
  if (!left.ok || isAnyGiver(left.value.values)) return left;
  const before = values.find((person) => person._id === personId);
  const restored = before === undefined ? ok(undefined) : await people.save(before);
  return restored.ok ? err(appError('illegal_role_change', personId)) : restored;
}

function isAnyGiver(people: readonly Person[]): boolean {
  return people.some(({ role }) => PERMISSIONS_OF[role].includes('policy'));
}
