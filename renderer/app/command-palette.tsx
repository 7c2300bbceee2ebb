import { Command } from 'cmdk';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { runnerActionOf, type RunnerAction } from '#contract/runner-action.ts';
import { explainError } from '#domain/errors.ts';
import { giveFocusBack, noteOpener } from '../components/focus-back.ts';
import { useRefusal } from '../state/access.ts';
import { toWireError } from '../state/engine-failure.ts';
import { useEngineStatus, useRunnerControl } from '../state/engine-queries.tsx';
import { useFound } from '../state/palette-queries.ts';
import { usePreferences, themeSchema } from '../state/preferences.ts';
import { useSavedViews } from '../state/saved-views.ts';
import { useScreenMemory } from '../state/screen-memory.ts';
import './command-palette.css';
import { firstRowOf, FoundRows, scoreOf } from './found-rows.tsx';
import { navigateTo } from './hash-location.ts';

/** Finds screens, jobs, workspaces, users, saved views and actions by a few letters. */
export function CommandPalette(): ReactNode {
  const isOpen = useScreenMemory((memory) => memory.isPaletteOpen);
  const setOpen = useScreenMemory((memory) => memory.setPaletteOpen);
  return isOpen ? <Palette onClose={() => setOpen(false)} /> : null;
}

function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const text = typed.trim();
  const found = useFound(text);
  const [selected, setSelected] = useState('');
  // The list selects a row by itself only while somebody types, and what the engine found comes a moment later.
  const first = firstRowOf(found);
  const current = selected === '' ? (first?.value ?? '') : selected;
  const isEntered = useRef(false);
  useLayoutEffect(() => {
    dialog.current?.showModal();
    // Of itself the dialog would focus cmdk's own frame, which takes no letters.
    input.current?.focus();
  }, []);
  const [opener] = useState(noteOpener);
  // What it was opened from may have closed meanwhile, as a menu does.
  useEffect(() => () => giveFocusBack(opener), [opener]);
  const close = (): void => dialog.current?.close();
  const go = (href: string): void => {
    close();
    navigateTo(href);
  };
  useEffect(() => {
    if (!isEntered.current || first === null) return;
    isEntered.current = false;
    go(first.href);
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const isNothingShown = dialog.current?.querySelector('[cmdk-item]') === null;
    // Whoever pastes an id and presses Enter is faster than the answer.
    if (event.key === 'Enter') isEntered.current = found.isLooking && isNothingShown;
  };
  const run = (action: () => void): void => {
    close();
    action();
  };
  return (
    <dialog className="palette" ref={dialog} onClose={onClose} aria-label="Find anything">
      <Command
        label="Find anything"
        loop
        filter={scoreOf}
        value={current}
        onValueChange={setSelected}
        onKeyDown={onKeyDown}
      >
        <Command.Input
          ref={input}
          className="palette-input"
          placeholder="A screen, a job, a workspace, a user, a saved view, an action"
          maxLength={200}
          value={typed}
          onValueChange={(value) => {
            setTyped(value);
            isEntered.current = false;
          }}
        />
        <Command.List className="palette-list">
          {found.failure === null && (
            <Command.Empty className="palette-empty">
              {found.isLooking ? 'Looking…' : 'Nothing is called so.'}
            </Command.Empty>
          )}
          <FoundRows key={typed} typed={typed} found={found} onGo={go} />
          <Screens onGo={go} />
          <Views onGo={go} />
          <Actions onRun={run} />
        </Command.List>
        {found.failure !== null && (
          <output className="palette-failure">{explainError(toWireError(found.failure))}</output>
        )}
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
