import { lazy } from 'react';
import type * as OtherScreens from './other-screens.ts';

let loading: Promise<typeof OtherScreens> | null = null;

/** The file of the screens cannot be had: it was replaced under a window that stands, or could not be read just then. */
export class ScreensNotLoadedError extends Error {
  override readonly name = 'ScreensNotLoadedError';
}

/** Loads the screens that the window does not open with, once. Rejects with {@link ScreensNotLoadedError}; the next call tries again. */
export function loadOtherScreens(): Promise<typeof OtherScreens> {
  loading ??= import('./other-screens.ts').catch((cause: unknown) => {
    loading = null;
    throw new ScreensNotLoadedError(cause instanceof Error ? cause.message : String(cause), { cause });
  });
  return loading;
}

export const AlertsScreen = lazy(async () => ({ default: (await loadOtherScreens()).AlertsScreen }));
export const AuditScreen = lazy(async () => ({ default: (await loadOtherScreens()).AuditScreen }));
export const ConnectionsScreen = lazy(async () => ({ default: (await loadOtherScreens()).ConnectionsScreen }));
export const CopyScreen = lazy(async () => ({ default: (await loadOtherScreens()).CopyScreen }));
export const DraftsScreen = lazy(async () => ({ default: (await loadOtherScreens()).DraftsScreen }));
export const DoctorScreen = lazy(async () => ({ default: (await loadOtherScreens()).DoctorScreen }));
export const FailuresScreen = lazy(async () => ({ default: (await loadOtherScreens()).FailuresScreen }));
export const HealthScreen = lazy(async () => ({ default: (await loadOtherScreens()).HealthScreen }));
export const CompareScreen = lazy(async () => ({ default: (await loadOtherScreens()).CompareScreen }));
export const JobScreen = lazy(async () => ({ default: (await loadOtherScreens()).JobScreen }));
export const OwnerScreen = lazy(async () => ({ default: (await loadOtherScreens()).OwnerScreen }));
export const MalformedScreen = lazy(async () => ({ default: (await loadOtherScreens()).MalformedScreen }));
export const PeopleScreen = lazy(async () => ({ default: (await loadOtherScreens()).PeopleScreen }));
export const NewPlanScreen = lazy(async () => ({ default: (await loadOtherScreens()).NewPlanScreen }));
export const PlanScreen = lazy(async () => ({ default: (await loadOtherScreens()).PlanScreen }));
export const PlansScreen = lazy(async () => ({ default: (await loadOtherScreens()).PlansScreen }));
export const RedactionScreen = lazy(async () => ({ default: (await loadOtherScreens()).RedactionScreen }));
export const PolicyScreen = lazy(async () => ({ default: (await loadOtherScreens()).PolicyScreen }));
export const FindingScreen = lazy(async () => ({ default: (await loadOtherScreens()).FindingScreen }));
export const InvoicesScreen = lazy(async () => ({ default: (await loadOtherScreens()).InvoicesScreen }));
export const MarginScreen = lazy(async () => ({ default: (await loadOtherScreens()).MarginScreen }));
export const MendsScreen = lazy(async () => ({ default: (await loadOtherScreens()).MendsScreen }));
export const MonthsScreen = lazy(async () => ({ default: (await loadOtherScreens()).MonthsScreen }));
export const ReconciliationScreen = lazy(async () => ({ default: (await loadOtherScreens()).ReconciliationScreen }));
export const RunsScreen = lazy(async () => ({ default: (await loadOtherScreens()).RunsScreen }));
export const StatementsScreen = lazy(async () => ({ default: (await loadOtherScreens()).StatementsScreen }));
export const RunnerScreen = lazy(async () => ({ default: (await loadOtherScreens()).RunnerScreen }));
