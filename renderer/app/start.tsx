import './parse-without-eval.ts';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import './tokens.css';
import './base.css';
import '../components/buttons.css';
import '../components/badges.css';
import '../components/panels.css';
import '../components/tables.css';
import '../components/texts.css';
import '../components/menus.css';
import '../components/dialogs.css';
import '../components/fields.css';
import type { QueryClient } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { delayed } from '../state/delayed.ts';
import { createEngineClient, findBridge, type EngineClient } from '../state/engine-client.ts';
import { createQueryClient } from '../state/engine-queries.tsx';
import { readAhead, readList } from '../state/job-window.ts';
import { parseJobsQuery } from '../state/jobs-query-string.ts';
import { LiveUpdates } from '../state/live-updates.ts';
import { App } from './app.tsx';
import { NoBridgeScreen } from './crash-screen.tsx';
import { currentTarget, followAddress, navigateTo } from './hash-location.ts';
import { takePressesAsMeant } from './hasty-presses.ts';
import { keepFocus } from './kept-focus.ts';
import { followTheme } from './theme.ts';
import './forced-colors.css';
import './high-contrast.css';

/** Composes the window: the bridge of the preload, the store of answers, the live updates, and the screens on top. */
async function start(container: HTMLElement): Promise<void> {
  followTheme(document.documentElement);
  takePressesAsMeant();
  keepFocus(document.documentElement);
  const bridge = findBridge(window);
  const root = createRoot(container);
  if (bridge === null) {
    root.render(<NoBridgeScreen />);
    return;
  }
  const client = createEngineClient(bridge);
  const queries = createQueryClient();
  new LiveUpdates(client, queries).start();
  followAddress((from, to, signal) =>
    from.path === '/jobs' && to.path === '/jobs' ? readList(client, queries, parseJobsQuery(to.query), signal) : null,
  );
  await Promise.race([openFirstScreen(client, queries), delayed(DRAWN_AFTER_MS)]);
  root.render(
    <StrictMode>
      <App client={client} queries={queries} />
    </StrictMode>,
  );
}

/** Whoever opens the window sees something after so long, with an answer or without; in milliseconds. */
const DRAWN_AFTER_MS = 80;

/** The window opens with the list of jobs, whose top is asked for before anything is drawn. */
async function openFirstScreen(client: EngineClient, queries: QueryClient): Promise<void> {
  if (currentTarget().path === '/') navigateTo('/jobs', { replace: true });
  const { path, query } = currentTarget();
  if (path === '/jobs') await readAhead(client, queries, parseJobsQuery(query));
}

const container = document.getElementById('root');
if (container !== null) void start(container);
