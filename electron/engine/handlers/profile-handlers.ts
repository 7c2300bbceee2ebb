import { readPerson } from '#console/people/person-desk.ts';
import type { MappingLook } from '#contract/mapping-views.ts';
import type { ProfileTrial } from '#contract/profile-views.ts';
import {
  composeUri,
  hasNeededSecrets,
  type ConnectionProfile,
  type ProfileSecrets,
} from '#domain/connection-profile.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { accessOf } from '#domain/people.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { attach } from '../attach.ts';
import type { Shell } from '../shell-link.ts';
import type { PersonSignIn } from '../sign-in/person-sign-in.ts';
import type { HandlersOf } from './handler.ts';
import { lookAtMapping, type MappingQuestion } from './mapping-look.ts';

/** What profiles are handled with. */
export interface ProfileParts {
  readonly shell: Shell;
  /** What to call who sits here where a server asks nobody to log in. */
  readonly fallbackName: string;
  readonly signIns: Pick<PersonSignIn, 'forTrial' | 'act'>;
}

/** The ways to deployments: kept by the desktop, tried by the engine, which alone speaks to servers. */
export function profileHandlers({ shell, fallbackName, signIns }: ProfileParts): HandlersOf<'profiles'> {
  const findProfile = async (id: string): Promise<ConnectionProfile | null> => {
    const list = await shell.ask('profiles.list', {});
    return list.ok ? (list.value.profiles.find(({ profile }) => profile.id === id)?.profile ?? null) : null;
  };
  return {
    'profiles.list': () => shell.ask('profiles.list', {}),
    'profiles.save': async (params, { note }) => {
      note('before', await findProfile(params.profile.id));
      const saved = await shell.ask('profiles.save', params);
      if (saved.ok) note('after', params.profile);
      return saved;
    },
    'profiles.remove': async (params, { note }) => {
      note('before', await findProfile(params.id));
      return shell.ask('profiles.remove', params);
    },
    'profiles.test': async ({ profile, secrets }) => {
      const usable = await usableSecrets(shell, profile, secrets);
      return usable.ok ? tryProfile(profile, usable.value, { fallbackName, signIns }) : usable;
    },
    'profiles.map': async ({ profile, secrets, ...question }) => {
      const usable = await usableSecrets(shell, profile, secrets);
      return usable.ok ? mapProfile(profile, usable.value, { question, signIns }) : usable;
    },
    'profiles.signIn': ({ act }) => signIns.act(act),
    'profiles.switch': async (params, { note }) => {
      const target = params.id === null ? null : await findProfile(params.id);
      note('after', target === null ? 'Sandbox' : { name: target.name, kind: target.kind, address: target.address });
      return shell.ask('profiles.switch', params);
    },
  };
}

/** What was typed, and for what was not, what is kept for just this profile. */
async function usableSecrets(
  shell: Shell,
  profile: ConnectionProfile,
  typed: ProfileSecrets | null,
): Promise<Result<ProfileSecrets, AppError>> {
  if (typed !== null && hasNeededSecrets(profile, typed)) return ok(typed);
  const kept = await shell.ask('profiles.secrets', profile);
  if (!kept.ok) return kept;
  const both = {
    password: typed?.password ?? kept.value?.password ?? null,
    keyPassphrase: typed?.keyPassphrase ?? kept.value?.keyPassphrase ?? null,
  };
  return hasNeededSecrets(profile, both) ? ok(both) : err(appError('secret_needed', profile.name));
}

async function tryProfile(
  profile: ConnectionProfile,
  secrets: ProfileSecrets,
  { fallbackName, signIns }: Pick<ProfileParts, 'fallbackName' | 'signIns'>,
): Promise<Result<ProfileTrial, AppError>> {
  const startedAt = performance.now();
  const attached = await attach({
    uri: composeUri(profile, secrets),
    dbName: profile.database,
    appName: 'Runledger trial',
    isReadOnly: true,
    mapping: profile.mapping,
    signIn: signIns.forTrial(profile),
  });
  if (!attached.ok) return attached;
  const { store } = attached.value;
  try {
    const person = await readPerson(store.people, fallbackName);
    if (!person.ok) return person;
    const { id, isVerified, role, lacking } = person.value;
    return ok({
      server: store.reader.topology.server,
      topology: store.reader.topology.kind,
      user: isVerified ? id : null,
      access: accessOf({ role, isReadOnly: profile.isReadOnly }),
      lacking,
      missingIndexes: [...store.missingIndexes],
      tookMs: performance.now() - startedAt,
    });
  } finally {
    await attached.value.close();
  }
}

/** Looks at the documents as they are, through no mapping. */
async function mapProfile(
  profile: ConnectionProfile,
  secrets: ProfileSecrets,
  { question, signIns }: { readonly question: MappingQuestion } & Pick<ProfileParts, 'signIns'>,
): Promise<Result<MappingLook, AppError>> {
  const attached = await attach({
    uri: composeUri(profile, secrets),
    dbName: profile.database,
    appName: 'Runledger mapping',
    isReadOnly: true,
    signIn: signIns.forTrial(profile),
  });
  if (!attached.ok) return attached;
  try {
    return await lookAtMapping(attached.value.store.look, question);
  } finally {
    await attached.value.close();
  }
}
