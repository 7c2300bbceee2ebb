import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { Redirect, Route, Router, Switch } from 'wouter';
import type { EngineClient } from '../state/engine-client.ts';
import { EngineProvider } from '../state/engine-queries.tsx';
import { AlertsScreen } from '../views/alerts/alerts-screen.tsx';
import { AuditScreen } from '../views/audit/audit-screen.tsx';
import { ConnectionsScreen } from '../views/connections/connections-screen.tsx';
import { CopyScreen } from '../views/copy/copy-screen.tsx';
import { DraftsScreen } from '../views/drafts/drafts-screen.tsx';
import { DoctorScreen } from '../views/doctor/doctor-screen.tsx';
import { FailuresScreen } from '../views/failures/failures-screen.tsx';
import { HealthScreen } from '../views/health/health-screen.tsx';
import { CompareScreen } from '../views/job/compare-screen.tsx';
import { JobScreen } from '../views/job/job-screen.tsx';
import { JobsScreen } from '../views/jobs/jobs-screen.tsx';
import { OwnerScreen } from '../views/owner/owner-screen.tsx';
import { MalformedScreen } from '../views/malformed/malformed-screen.tsx';
import { PeopleScreen } from '../views/people/people-screen.tsx';
import { NewPlanScreen } from '../views/plans/new-plan-screen.tsx';
import { PlanScreen } from '../views/plans/plan-screen.tsx';
import { PlansScreen } from '../views/plans/plans-screen.tsx';
import { RedactionScreen } from '../views/redaction/redaction-screen.tsx';
import { PolicyScreen } from '../views/policy/policy-screen.tsx';
import { FindingScreen } from '../views/reconciliation/finding-screen.tsx';
import { InvoicesScreen } from '../views/reconciliation/invoices-screen.tsx';
import { MarginScreen } from '../views/reconciliation/margin-screen.tsx';
import { MendsScreen } from '../views/reconciliation/mends-screen.tsx';
import { MonthsScreen } from '../views/reconciliation/months-screen.tsx';
import { ReconciliationScreen } from '../views/reconciliation/reconciliation-screen.tsx';
import { RunsScreen } from '../views/reconciliation/runs-screen.tsx';
import { StatementsScreen } from '../views/reconciliation/statements-screen.tsx';
import { RunnerScreen } from '../views/runner/runner-screen.tsx';
import { CrashScreen, NoSuchScreen } from './crash-screen.tsx';
import { Frame } from './frame.tsx';
import { idInPath, useHashPath, useHashQuery } from './hash-location.ts';

/** The whole window: frame, and the screen that the address names. A screen that breaks leaves the frame standing. */
export function App({ client, queries }: { client: EngineClient; queries: QueryClient }): ReactNode {
  return (
    <QueryClientProvider client={queries}>
      <EngineProvider client={client}>
        <Router hook={useHashPath} searchHook={useHashQuery}>
          <Frame>
            <Screens />
          </Frame>
        </Router>
      </EngineProvider>
    </QueryClientProvider>
  );
}

function Screens(): ReactNode {
  const [path] = useHashPath();
  const id = idInPath(path);
  return (
    <ErrorBoundary FallbackComponent={CrashScreen} resetKeys={[path]}>
      <Switch>
        <Route path="/">
          <Redirect to="/jobs" replace />
        </Route>
        <Route path="/health" component={HealthScreen} />
        <Route path="/alerts" component={AlertsScreen} />
        <Route path="/failures" component={FailuresScreen} />
        <Route path="/jobs" component={JobsScreen} />
        <Route path="/jobs/:jobId">
          <JobScreen key={id} jobId={id} />
        </Route>
        <Route path="/workspaces/:workspaceId">
          <OwnerScreen key={path} owner="workspace" id={id} />
        </Route>
        <Route path="/users/:userId">
          <OwnerScreen key={path} owner="user" id={id} />
        </Route>
        <Route path="/compare" component={CompareScreen} />
        <Route path="/reconciliation" component={ReconciliationScreen} />
        <Route path="/reconciliation/runs" component={RunsScreen} />
        <Route path="/reconciliation/mends" component={MendsScreen} />
        <Route path="/reconciliation/months" component={MonthsScreen} />
        <Route path="/reconciliation/statements" component={StatementsScreen} />
        <Route path="/reconciliation/margin" component={MarginScreen} />
        <Route path="/reconciliation/invoices" component={InvoicesScreen} />
        <Route path="/reconciliation/:findingId">
          <FindingScreen key={id} findingId={id} />
        </Route>
        <Route path="/runners" component={RunnerScreen} />
        <Route path="/malformed" component={MalformedScreen} />
        <Route path="/plans" component={PlansScreen} />
        <Route path="/plans/new" component={NewPlanScreen} />
        <Route path="/plans/:planId">
          <PlanScreen key={id} planId={id} />
        </Route>
        <Route path="/policy" component={PolicyScreen} />
        <Route path="/redaction" component={RedactionScreen} />
        <Route path="/drafts" component={DraftsScreen} />
        <Route path="/copy" component={CopyScreen} />
        <Route path="/people" component={PeopleScreen} />
        <Route path="/audit" component={AuditScreen} />
        <Route path="/connections" component={ConnectionsScreen} />
        <Route path="/doctor" component={DoctorScreen} />
        <Route component={NoSuchScreen} />
      </Switch>
    </ErrorBoundary>
  );
}
