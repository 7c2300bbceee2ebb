import type { ReactNode } from 'react';
import type { PersonStatus } from '#contract/person-views.ts';
import { distinctRefusals, refusalsOf } from '#contract/request-refusal.ts';
import { PERMISSION_WORDS } from '#domain/permission-words.ts';
import { PERMISSIONS_OF, roleSchema, type Refusal, type Role } from '#domain/people.ts';
import { MalformedNote } from '../../components/malformed-note.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { usePeople } from '../../state/people-queries.ts';
import './people.css';
import { PeopleTable } from './people-table.tsx';
import { RoleForm } from './role-form.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** Who sits here, what they may do, and who else has which role. */
export function PeopleScreen(): ReactNode {
  useTitle('People');
  const person = useEngineStatus().data?.person;
  const refusal = useRefusal('people.list');
  return (
    <div className="page">
      <header className="page-head">
        <h1>People</h1>
        <p className="muted">
          A role says what somebody may do in the console. What a person&apos;s database user may do is limited by the
          server itself.
        </p>
      </header>
      {person !== undefined && <Yourself person={person} />}
      <RolesPanel />
      {refusal === null ? (
        <EverybodyPanel />
      ) : (
        <Panel title="Who has which role">
          <RefusalNote refusal={refusal} />
        </Panel>
      )}
    </div>
  );
}

/** What the role covers and is switched off all the same, each reason once. */
function limitsOf(person: PersonStatus): readonly Refusal[] {
  return distinctRefusals(refusalsOf(person).filter(({ cause }) => cause !== 'role'));
}

function Yourself({ person }: { person: PersonStatus }): ReactNode {
  const limits = limitsOf(person);
  return (
    <Panel title="You">
      <Facts>
        <Fact name="Name">
          <bdi>{person.id}</bdi>
        </Fact>
        <Fact name="Known by">
          {person.isVerified
            ? "The server's login"
            : 'What this machine or the start command says, which proves nothing'}
        </Fact>
        <Fact name="Role">{person.role}</Fact>
      </Facts>
      {limits.map((limit) => (
        <RefusalNote key={limit.detail} refusal={limit} />
      ))}
    </Panel>
  );
}

function RolesPanel(): ReactNode {
  return (
    <Panel title="Roles">
      <table className="plain-table role-table">
        <caption className="visually-hidden">What each role may do</caption>
        <TableHead columns={['May', ...roleSchema.options]} />
        <tbody>
          {Object.entries(PERMISSION_WORDS).map(([permission, words]) => (
            <tr key={permission}>
              <th scope="row">{words}</th>
              {roleSchema.options.map((role) => (
                <td key={role}>{isGranted(role, permission) ? 'yes' : <span className="muted">no</span>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function isGranted(role: Role, permission: string): boolean {
  return PERMISSIONS_OF[role].some((granted) => granted === permission);
}

function EverybodyPanel(): ReactNode {
  const people = usePeople();
  const writeRefusal = useRefusal('people.set');
  const { people: everybody, malformed } = people.data ?? { people: [], malformed: [] };
  return (
    <Panel title="Who has which role">
      {people.data === undefined && people.error === null && <output>Reading…</output>}
      {people.data === undefined && people.error !== null && (
        <FailureMessage failure={people.error} onAskAgain={() => void people.refetch()} />
      )}
      {everybody.length === 0 && malformed.length === 0 && people.data !== undefined && (
        <p className="note">
          Nobody has a role yet, so everybody is a founder. Give out the first role: you stay a founder, and who is not
          listed may from then on only look.
        </p>
      )}
      <MalformedNote one="entry" many="entries" records={malformed} />
      {malformed.length > 0 && (
        <p className="note">
          Such an entry gives nobody a role: give its person one anew, and it is read again. An entry without a name has
          to be taken out of console_people on the server.
        </p>
      )}
      {everybody.length > 0 && <PeopleTable people={everybody} isLocked={writeRefusal !== null} />}
      {writeRefusal === null ? <RoleForm people={everybody} /> : <RefusalNote refusal={writeRefusal} />}
    </Panel>
  );
}
