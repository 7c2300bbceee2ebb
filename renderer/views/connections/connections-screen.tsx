import { Plus } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { ProfileRow } from '#contract/profile-views.ts';
import { neededSecrets } from '#domain/connection-profile.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { Panel } from '../../components/panel.tsx';
import { ProfileBadge } from '../../components/profile-badge.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useProfiles, useProfileSwitch } from '../../state/profile-queries.ts';
import './connections.css';
import { mappingWords } from './mapping-draft.ts';
import { draftOf, emptyDraft, type ProfileDraft } from './profile-draft.ts';
import { ProfileForm } from './profile-form.tsx';
import { ProfileRowActions } from './profile-row-actions.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** What stands open over the list. */
type Open =
  | { readonly type: 'form'; readonly draft: ProfileDraft; readonly row: ProfileRow | null }
  | { readonly type: 'secret' | 'remove'; readonly row: ProfileRow };

/** The ways to deployments that this machine keeps: add, try, change, forget, go there. */
export function ConnectionsScreen(): ReactNode {
  useTitle('Connections');
  const list = useProfiles();
  const openId = useEngineStatus().data?.profile;
  const change = useProfileSwitch();
  const [open, setOpen] = useState<Open | null>(null);
  const close = (): void => setOpen(null);
  const connect = (row: ProfileRow): void => {
    const isMissing = neededSecrets(row.profile).length > 0 && !row.hasKeptSecrets;
    if (isMissing) setOpen({ type: 'secret', row });
    else change.mutate({ id: row.profile.id, secrets: null });
  };
  return (
    <div className="page">
      <header className="page-head">
        <h1>Connections</h1>
        <p className="muted">
          Each has a name and a colour that frames the window for as long as it is open. Passwords are kept by the
          operating system&apos;s key store, or not at all.
        </p>
      </header>
      {list.data !== undefined && list.data.keepsNot !== null && (
        <p className="note" role="note">
          Passwords are asked for each time and kept nowhere: {list.data.keepsNot}.
        </p>
      )}
      <Panel
        title="Kept on this machine"
        aside={
          <button
            type="button"
            className="button"
            data-kind="primary"
            onClick={() => setOpen({ type: 'form', draft: emptyDraft(crypto.randomUUID()), row: null })}
          >
            <Plus aria-hidden size={14} />
            Add a connection
          </button>
        }
      >
        {list.data === undefined && list.error === null && <output>Reading…</output>}
        {list.data === undefined && list.error !== null && (
          <FailureMessage failure={list.error} onAskAgain={() => void list.refetch()} />
        )}
        {list.data?.profiles.length === 0 && (
          <p className="note">None yet. Add one, try it, and open it; the sandbox stays a click away.</p>
        )}
        <FailureLine failure={change.error} look="note" />
        {list.data !== undefined && (
          <table className="plain-table wide-table">
            <caption className="visually-hidden">Connections</caption>
            <TableHead columns={['Name', 'Kind', 'Address', 'Login', { hidden: 'Actions' }]} />
            <tbody>
              {list.data.profiles.map((row) => (
                <tr key={row.profile.id} aria-current={row.profile.id === openId?.id ? 'true' : undefined}>
                  <th scope="row" className="connection-name">
                    <bdi>{row.profile.name}</bdi>
                  </th>
                  <td>
                    <ProfileBadge kind={row.profile.kind} />
                    {row.profile.isReadOnly && <span className="cell-note">read only</span>}
                  </td>
                  <td>
                    <bdi className="mono connection-address">{row.profile.address}</bdi>
                    {row.profile.mapping !== undefined && (
                      <span className="cell-note">mapped: {mappingWords(row.profile.mapping)}</span>
                    )}
                    {row.profile.database !== null && (
                      <span className="cell-note">database {row.profile.database}</span>
                    )}
                  </td>
                  <td className="connection-login">{loginWords(row)}</td>
                  <td>
                    <ProfileRowActions
                      name={row.profile.name}
                      isOpen={row.profile.id === openId?.id}
                      isBusy={change.isPending}
                      onConnect={() => connect(row)}
                      onEdit={() => setOpen({ type: 'form', draft: draftOf(row.profile), row })}
                      onRemove={() => setOpen({ type: 'remove', row })}
                    />
                  </td>
                </tr>
              ))}
              <SandboxRow
                isOpen={openId?.kind === 'sandbox'}
                isBusy={change.isPending}
                onConnect={() => change.mutate({ id: null, secrets: null })}
              />
            </tbody>
          </table>
        )}
      </Panel>
      {open?.type === 'form' && (
        <ProfileForm
          first={open.draft}
          row={open.row}
          canKeepSecrets={list.data?.canKeepSecrets ?? false}
          onClose={close}
        />
      )}
      {open?.type === 'secret' && <SecretDialog profile={open.row.profile} onClose={close} />}
      {open?.type === 'remove' && <RemoveDialog profile={open.row.profile} onClose={close} />}
    </div>
  );
}

function SandboxRow(given: { isOpen: boolean; isBusy: boolean; onConnect: () => void }): ReactNode {
  return (
    <tr aria-current={given.isOpen ? 'true' : undefined}>
      <th scope="row" className="connection-name">
        Sandbox
      </th>
      <td>
        <ProfileBadge kind="sandbox" />
      </td>
      <td className="muted">a server of its own with demo data, on this machine</td>
      <td className="connection-login muted">none</td>
      <td>
        <ProfileRowActions name="Sandbox" {...given} onEdit={null} onRemove={null} />
      </td>
    </tr>
  );
}

function loginWords({ profile: { login }, hasKeptSecrets }: ProfileRow): ReactNode {
  switch (login.type) {
    case 'none':
      return <span className="muted">nobody has to log in</span>;
    case 'password':
      return (
        <>
          <bdi>{login.user}</bdi>
          <span className="cell-note">{hasKeptSecrets ? 'password kept by the system' : 'password asked for'}</span>
        </>
      );
    case 'x509':
      return 'certificate (X.509)';
    case 'aws':
      return `AWS identity${login.awsProfile === null ? '' : ` ${login.awsProfile}`}`;
    case 'oidc_person':
      return 'sign-in in the browser (OIDC)';
    case 'oidc':
      return `OIDC (${login.environment})`;
    default:
      return login satisfies never;
  }
}
