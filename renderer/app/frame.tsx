import { Keyboard, Search } from 'lucide-react';
import { useRef, type ReactNode } from 'react';
import { useEngineStatus } from '../state/engine-queries.tsx';
import { useScreenMemory } from '../state/screen-memory.ts';
import { CommandPalette } from './command-palette.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { ConnectionCard } from './connection-card.tsx';
import './frame.css';
import { KeyboardHelp } from './keyboard-help.tsx';
import { Navigation } from './navigation.tsx';
import './profile.css';
import { ProfileStrip } from './profile-strip.tsx';
import { PreferencesMenu } from './preferences-menu.tsx';
import { RunnerCard } from './runner-card.tsx';
import { useGlobalKeys } from './global-keys.ts';

/** What stands around every screen: navigation, the state of engine and runner, and what is wrong with the connection. */
export function Frame({ children }: { children: ReactNode }): ReactNode {
  const main = useRef<HTMLElement>(null);
  useGlobalKeys();
  const profileKind = useEngineStatus().data?.profile.kind ?? 'unnamed';
  const setHelpOpen = useScreenMemory((memory) => memory.setHelpOpen);
  const setPaletteOpen = useScreenMemory((memory) => memory.setPaletteOpen);
  return (
    <div className="window" data-profile={profileKind}>
      <ProfileStrip />
      <div className="frame">
        <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
          Skip to the content
        </button>
        <aside className="sidebar" aria-label="Sidebar">
          <p className="brand">
            <Mark />
            Runledger
          </p>
          <Navigation />
          <div className="sidebar-foot">
            <RunnerCard />
            <ConnectionCard />
            <div className="sidebar-tools">
              <button
                type="button"
                className="icon-button"
                onClick={() => setPaletteOpen(true)}
                aria-label="Find anything"
                title="Find anything (Ctrl K)"
              >
                <Search aria-hidden size={16} />
              </button>
              <PreferencesMenu />
              <button
                type="button"
                className="icon-button"
                onClick={() => setHelpOpen(true)}
                aria-label="Keyboard shortcuts"
                title="Keyboard shortcuts (?)"
              >
                <Keyboard aria-hidden size={16} />
              </button>
            </div>
          </div>
        </aside>
        <div className="content">
          <ConnectionBanner />
          <main className="screen" ref={main} tabIndex={-1}>
            {children}
          </main>
        </div>
        <KeyboardHelp />
        <CommandPalette />
      </div>
    </div>
  );
}

function Mark(): ReactNode {
  return (
    <svg className="brand-mark" viewBox="0 0 22 22" width={22} height={22} aria-hidden>
      <rect width="22" height="22" rx="6" />
      <path d="M6 6.5h7M6 11h10M6 15.5h4" />
      <circle cx="15.5" cy="15.5" r="2" />
    </svg>
  );
}
