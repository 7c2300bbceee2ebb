import './parse-without-eval.ts';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import './tokens.css';
import './base.css';
import '../components/components.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createEngineClient, findBridge } from '../state/engine-client.ts';
import { createQueryClient } from '../state/engine-queries.tsx';
import { LiveUpdates } from '../state/live-updates.ts';
import { App } from './app.tsx';
import { NoBridgeScreen } from './crash-screen.tsx';
import { followTheme } from './theme.ts';
import './forced-colors.css';

/** Composes the window: the bridge of the preload, the store of answers, the live updates, and the screens on top. */
function start(container: HTMLElement): void {
  followTheme(document.documentElement);
  const bridge = findBridge(window);
  const root = createRoot(container);
  if (bridge === null) {
    root.render(<NoBridgeScreen />);
    return;
  }
  const client = createEngineClient(bridge);
  const queries = createQueryClient();
  new LiveUpdates(client, queries).start();
  root.render(
    <StrictMode>
      <App client={client} queries={queries} />
    </StrictMode>,
  );
}

const container = document.getElementById('root');
if (container !== null) start(container);
