import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, type ReactNode } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { Redirect, Route, Router, Switch } from 'wouter';
import type { EngineClient } from '../state/engine-client.ts';
import { EngineProvider } from '../state/engine-queries.tsx';
import { JobsScreen } from '../views/jobs/jobs-screen.tsx';
import { CrashScreen, NoSuchScreen } from './crash-screen.tsx';
import { Frame } from './frame.tsx';
import {
  loadOtherScreens,
  AlertsScreen,
  AuditScreen,
  ConnectionsScreen,
  CopyScreen,
  DraftsScreen,
  DoctorScreen,
  FailuresScreen,
  HealthScreen,
  CompareScreen,
  JobScreen,
  OwnerScreen,
  MalformedScreen,
  PeopleScreen,
  NewPlanScreen,
  PlanScreen,
  PlansScreen,
  RedactionScreen,
  PolicyScreen,
  FindingScreen,
  InvoicesScreen,
  MarginScreen,
  MendsScreen,
  MonthsScreen,
  ReconciliationScreen,
  RunsScreen,
  StatementsScreen,
  RunnerScreen,
} from './lazy-screens.ts';
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

/** Until the window has had time for what it opened with, the other screens are not loaded unless one is asked for; in milliseconds. */
const OTHERS_AFTER_MS = 1000;

function Screens(): ReactNode {
  const [path] = useHashPath();
  const id = idInPath(path);
  useEffect(() => {
    // Whoever opens one of them is told why there is none.
    const load = (): void => void loadOtherScreens().catch(() => undefined);
    const timer = setTimeout(() => requestIdleCallback(load), OTHERS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <ErrorBoundary FallbackComponent={CrashScreen} resetKeys={[path]}>
      <Suspense>
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
      </Suspense>
    </ErrorBoundary>
  );
}
