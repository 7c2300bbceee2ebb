import {
  Activity,
  BellRing,
  Bug,
  Cable,
  Cog,
  EyeOff,
  FileWarning,
  HardDrive,
  Inbox,
  ListChecks,
  ListTree,
  Scale,
  ScrollText,
  Stethoscope,
  ShieldCheck,
  Users,
  type LucideIcon,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useRoute } from 'wouter';
import { useAlerts } from '../state/alert-queries.ts';
import { useDrafts } from '../state/drafts.ts';
import { useKnownCounts } from '../state/engine-queries.tsx';
import { useKnownFindings } from '../state/reconciliation-queries.ts';
import { useScreenMemory } from '../state/screen-memory.ts';

/** The screens that the sidebar leads to, in order. */
export function Navigation(): ReactNode {
  return (
    <nav aria-label="Screens">
      <ul className="nav-list">
        <NavItem path="/health" icon={Activity} label="Health" />
        <JobsItem />
        <AlertsItem />
        <NavItem path="/failures" icon={Bug} label="Failures" />
        <ReconciliationItem />
        <NavItem path="/runners" icon={Cog} label="Runners" />
        <MalformedItem />
        <NavItem path="/plans" icon={ListChecks} label="Retry plans" />
        <NavItem path="/policy" icon={ShieldCheck} label="Retry policy" />
        <DraftsItem />
        <NavItem path="/copy" icon={HardDrive} label="Offline copy" />
        <NavItem path="/people" icon={Users} label="People" />
        <NavItem path="/redaction" icon={EyeOff} label="Redaction" />
        <NavItem path="/audit" icon={ScrollText} label="Audit" />
        <NavItem path="/connections" icon={Cable} label="Connections" />
        <NavItem path="/doctor" icon={Stethoscope} label="Doctor" />
      </ul>
    </nav>
  );
}

function JobsItem(): ReactNode {
  const counts = useKnownCounts();
  const jobsQuery = useScreenMemory((memory) => memory.jobsQuery);
  const [isJobs] = useRoute('/jobs');
  const href = jobsQuery === '' || isJobs ? '/jobs' : `/jobs?${jobsQuery}`;
  return (
    <NavItem path="/jobs" href={href} icon={ListTree} label="Jobs">
      <NavCount value={counts?.total} label="jobs" />
    </NavItem>
  );
}

function ReconciliationItem(): ReactNode {
  return (
    <NavItem path="/reconciliation" icon={Scale} label="Reconciliation">
      <NavCount value={useKnownFindings()} label="findings" isAlert />
    </NavItem>
  );
}

function AlertsItem(): ReactNode {
  const firing = useAlerts().data?.rules.filter(({ standing }) => standing.isFiring).length;
  return (
    <NavItem path="/alerts" icon={BellRing} label="Alerts">
      <NavCount value={firing === 0 ? undefined : firing} label="alerts firing" isAlert />
    </NavItem>
  );
}

function DraftsItem(): ReactNode {
  const drafts = useDrafts().data;
  return (
    <NavItem path="/drafts" icon={Inbox} label="Drafts">
      {drafts !== undefined && drafts.drafts.length > 0 && <NavCount value={drafts.drafts.length} label="drafts" />}
    </NavItem>
  );
}

function MalformedItem(): ReactNode {
  const counts = useKnownCounts();
  return (
    <NavItem path="/malformed" icon={FileWarning} label="Malformed">
      <NavCount value={counts?.malformed} label="malformed documents" isAlert />
    </NavItem>
  );
}

interface NavItemProps {
  /** The address of the screen; below it are the screens that the same item stands for. */
  readonly path: string;
  /** Where the link leads, if not to the bare path. */
  readonly href?: string;
  readonly icon: LucideIcon;
  readonly label: string;
  readonly children?: ReactNode;
}

function NavItem({ path, href = path, icon: Icon, label, children }: NavItemProps): ReactNode {
  const [isHere] = useRoute(path);
  const [isBelow] = useRoute(`${path}/*`);
  return (
    <li>
      <Link className="nav-link" href={href} aria-current={isHere ? 'page' : isBelow ? 'true' : undefined}>
        <Icon aria-hidden size={16} />
        {label}
        {children}
      </Link>
    </li>
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
