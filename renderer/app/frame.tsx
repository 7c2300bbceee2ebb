import { FileWarning, Keyboard, ListTree, Scale } from 'lucide-react';
import { useRef, type ReactNode } from 'react';
import { Link, useRoute } from 'wouter';
import { useEngineStatus } from '../state/engine-queries.tsx';
import { useKnownFindings } from '../state/reconciliation-queries.ts';
import { useScreenMemory } from '../state/screen-memory.ts';
import { ConnectionBanner } from './connection-banner.tsx';
import { ConnectionCard } from './connection-card.tsx';
import './frame.css';
import { KeyboardHelp } from './keyboard-help.tsx';
import { PreferencesMenu } from './preferences-menu.tsx';
import { RunnerCard } from './runner-card.tsx';
import { useGlobalKeys } from './global-keys.ts';

/** What stands around every screen: navigation, the state of engine and runner, and what is wrong with the connection. */
export function Frame({ children }: { children: ReactNode }): ReactNode {
  const main = useRef<HTMLElement>(null);
  useGlobalKeys();
  const setHelpOpen = useScreenMemory((memory) => memory.setHelpOpen);
  return (
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

function Navigation(): ReactNode {
  const counts = useEngineStatus().data?.counts;
  const jobsQuery = useScreenMemory((memory) => memory.jobsQuery);
  const [isJobs] = useRoute('/jobs');
  const [isJob] = useRoute('/jobs/:jobId');
  const findings = useKnownFindings();
  const [isReconciliation] = useRoute('/reconciliation');
  const [isFinding] = useRoute('/reconciliation/:findingId');
  const [isMalformed] = useRoute('/malformed');
  return (
    <nav aria-label="Screens">
      <ul className="nav-list">
        <li>
          <Link
            className="nav-link"
            href={jobsQuery === '' || isJobs ? '/jobs' : `/jobs?${jobsQuery}`}
            aria-current={isJobs ? 'page' : isJob ? 'true' : undefined}
          >
            <ListTree aria-hidden size={16} />
            Jobs
            <NavCount value={counts?.total} label="jobs" />
          </Link>
        </li>
        <li>
          <Link
            className="nav-link"
            href="/reconciliation"
            aria-current={isReconciliation ? 'page' : isFinding ? 'true' : undefined}
          >
            <Scale aria-hidden size={16} />
            Reconciliation
            <NavCount value={findings} label="findings" isAlert />
          </Link>
        </li>
        <li>
          <Link className="nav-link" href="/malformed" aria-current={isMalformed ? 'page' : undefined}>
            <FileWarning aria-hidden size={16} />
            Malformed
            <NavCount value={counts?.malformed} label="malformed documents" isAlert />
          </Link>
        </li>
      </ul>
    </nav>
  );
}

function NavCount({
  value,
  label,
  isAlert = false,
}: {
  value: number | undefined;
  label: string;
  isAlert?: boolean;
}): ReactNode {
  if (value === undefined) return null;
  return (
    <span className="nav-count" data-alert={isAlert && value > 0}>
      {value.toLocaleString('en')}
      <span className="visually-hidden"> {label}</span>
    </span>
  );
}
