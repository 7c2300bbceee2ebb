import { Command } from 'cmdk';
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import type { JobRow } from '#contract/job-views.ts';
import { runnerActionOf, type RunnerAction } from '#contract/runner-action.ts';
import type { OwnerKind } from '#contract/owner-views.ts';
import { MarkedText } from '../components/marked-text.tsx';
import { StateBadge } from '../components/state-badge.tsx';
import { useRefusal } from '../state/access.ts';
import { useEngineStatus, useFoundJobs, useRunnerControl } from '../state/engine-queries.tsx';
import { jobHref, ownerHref } from '../state/jobs-query-string.ts';
import { usePreferences, themeSchema } from '../state/preferences.ts';
import { useSavedViews } from '../state/saved-views.ts';
import { useScreenMemory } from '../state/screen-memory.ts';
import './command-palette.css';
import { navigateTo } from './hash-location.ts';

/** Finds screens, jobs, workspaces, saved views and actions by a few letters. */
export function CommandPalette(): ReactNode {
  const isOpen = useScreenMemory((memory) => memory.isPaletteOpen);
  const setOpen = useScreenMemory((memory) => memory.setPaletteOpen);
  return isOpen ? <Palette onClose={() => setOpen(false)} /> : null;
}

function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  useLayoutEffect(() => {
    dialog.current?.showModal();
    // Of itself the dialog would focus cmdk's own frame, which takes no letters.
    input.current?.focus();
  }, []);
  const close = (): void => dialog.current?.close();
  const go = (href: string): void => {
    close();
    navigateTo(href);
  };
  const run = (action: () => void): void => {
    close();
    action();
  };
  return (
    <dialog className="palette" ref={dialog} onClose={onClose} aria-label="Find anything">
      <Command label="Find anything" loop>
        <Command.Input
          ref={input}
          className="palette-input"
          placeholder="A screen, a job, a workspace, a saved view, an action"
          maxLength={200}
          value={typed}
          onValueChange={setTyped}
        />
        <Command.List className="palette-list">
          <Command.Empty className="palette-empty">Nothing is called so.</Command.Empty>
          <FoundJobs typed={typed} onGo={go} />
          <Screens onGo={go} />
          <Views onGo={go} />
          <Actions onRun={run} />
        </Command.List>
      </Command>
    </dialog>
  );
}

/** The sidebar is the list of screens. */
function Screens({ onGo }: { onGo: (href: string) => void }): ReactNode {
  const [screens] = useState(() =>
    [...document.querySelectorAll<HTMLAnchorElement>('nav[aria-label="Screens"] a')].map((link) => ({
      href: link.getAttribute('href')?.replace(/^#/, '') ?? '/',
      name: link.firstChild?.nextSibling?.textContent ?? '',
    })),
  );
  return (
    <Command.Group heading="Screens">
      {screens.map(({ href, name }) => (
        <Command.Item key={href} className="palette-item" value={`screen ${name}`} onSelect={() => onGo(href)}>
          {name}
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function Views({ onGo }: { onGo: (href: string) => void }): ReactNode {
  const views = useSavedViews().data ?? [];
  if (views.length === 0) return null;
  return (
    <Command.Group heading="Saved views">
      {views.map((view) => (
        <Command.Item
          key={view.id}
          className="palette-item"
          value={`view ${view.name} ${view.id}`}
          keywords={[view.name]}
          onSelect={() => onGo(view.href)}
        >
          <bdi>{view.name}</bdi>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function FoundJobs({ typed, onGo }: { typed: string; onGo: (href: string) => void }): ReactNode {
  const rows = useFoundJobs(typed.trim()).data ?? [];
  const named = (ids: readonly string[]): readonly string[] =>
    [...new Set(ids)].filter((id) => id.toLowerCase().includes(typed.trim().toLowerCase()));
  if (rows.length === 0) return null;
  return (
    <>
      <Command.Group heading="Jobs">
        {rows.map((row) => (
          <Command.Item
            key={row.id}
            className="palette-item"
            // What the engine found fits, whatever the letters' own score is.
            keywords={[typed]}
            value={`job ${row.id}`}
            onSelect={() => onGo(jobHref(row.id))}
          >
            <FoundJob row={row} />
          </Command.Item>
        ))}
      </Command.Group>
      <FoundOwners
        owner="workspace"
        ids={named(rows.map(({ workspaceId }) => workspaceId))}
        typed={typed}
        onGo={onGo}
      />
      <FoundOwners owner="user" ids={named(rows.map(({ userId }) => userId))} typed={typed} onGo={onGo} />
    </>
  );
}

function FoundOwners({
  owner,
  ids,
  typed,
  onGo,
}: {
  owner: OwnerKind;
  ids: readonly string[];
  typed: string;
  onGo: (href: string) => void;
}): ReactNode {
  if (ids.length === 0) return null;
  return (
    <Command.Group heading={owner === 'workspace' ? 'Workspaces' : 'Users'}>
      {ids.map((id) => (
        <Command.Item
          key={id}
          className="palette-item"
          keywords={[typed]}
          value={`${owner} ${id}`}
          onSelect={() => onGo(ownerHref(owner, id))}
        >
          <bdi>{id}</bdi>
          <span className="palette-note">jobs, spend, ledger</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}

function FoundJob({ row }: { row: JobRow }): ReactNode {
  return (
    <>
      <StateBadge state={row.state} />
      <bdi className="mono">{row.id}</bdi>
      <bdi className="palette-note">
        <MarkedText text={row.promptStart} />
      </bdi>
    </>
  );
}

const RUNNER_ACTIONS: Readonly<Record<RunnerAction, string>> = {
  pause: 'Pause the runner of this machine',
  resume: 'Resume the runner of this machine',
  start: 'Start the runner of this machine again',
};

function Actions({ onRun }: { onRun: (action: () => void) => void }): ReactNode {
  const runner = useEngineStatus().data?.runner;
  const refusal = useRefusal('runner.control');
  const runnerAction = runner === undefined ? null : runnerActionOf(runner);
  const control = useRunnerControl();
  const { setTheme, setTimeZone, timeZone } = usePreferences();
  const setHelpOpen = useScreenMemory((memory) => memory.setHelpOpen);
  const actions: readonly { readonly name: string; readonly run: () => void }[] = [
    { name: 'Show the keyboard shortcuts', run: () => setHelpOpen(true) },
    ...(runnerAction === null || refusal !== null
      ? []
      : [{ name: RUNNER_ACTIONS[runnerAction], run: () => control.mutate(runnerAction) }]),
    ...themeSchema.options.map((theme) => ({ name: `Theme: ${theme}`, run: () => setTheme(theme) })),
    {
      name: timeZone === 'utc' ? 'Show times in the zone of this machine' : 'Show times in UTC',
      run: () => setTimeZone(timeZone === 'utc' ? 'local' : 'utc'),
    },
    { name: 'Back', run: () => history.back() },
    { name: 'Forward', run: () => history.forward() },
  ];
  return (
    <Command.Group heading="Actions">
      {actions.map(({ name, run }) => (
        <Command.Item key={name} className="palette-item" value={name} onSelect={() => onRun(run)}>
          {name}
        </Command.Item>
      ))}
    </Command.Group>
  );
}
