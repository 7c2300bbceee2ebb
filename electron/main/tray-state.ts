import { refusalBy } from '#contract/requests/refusal.ts';
import { RUNNER_REQUESTS } from '#contract/requests/runner.ts';
import { runnerActionOf, type RunnerAction } from '#contract/runner-action.ts';
import type { EngineStatus } from '#contract/status.ts';

/** What an entry of the tray's menu does; null for one that only tells. */
export type TrayAction = 'open' | RunnerAction | 'quit' | null;

/** The tray as data. */
export interface TrayState {
  /** How generation is, in a few words. */
  readonly tooltip: string;
  /** `trouble` where nothing can be said or done, `paused` where this machine's runner was stopped by somebody. */
  readonly mark: 'well' | 'paused' | 'trouble';
  readonly items: readonly { readonly label: string; readonly action: TrayAction }[];
}

/** What the tray shows of the engine's last status; null before the first one, and while the engine is away. */
export function trayStateOf(status: EngineStatus | null): TrayState {
  const open = { label: 'Open Runledger', action: 'open' } as const;
  const quit = { label: 'Quit', action: 'quit' } as const;
  if (status === null)
    return {
      tooltip: 'Runledger: starting',
      mark: 'trouble',
      items: [open, { label: 'Starting…', action: null }, quit],
    };
  const facts = [connectionLine(status), jobsLine(status), runnerLine(status)];
  return {
    tooltip: `Runledger: ${facts.join(', ')}`,
    mark: status.connection.state !== 'connected' ? 'trouble' : status.runner.state === 'paused' ? 'paused' : 'well',
    items: [open, ...facts.map((label) => ({ label, action: null })), ...control(status), quit],
  };
}

function connectionLine({ connection }: EngineStatus): string {
  switch (connection.state) {
    case 'connected':
      return `connected to ${connection.label}`;
    case 'connecting':
      return 'connecting';
    case 'disconnected':
      return 'the server is away';
  }
}

function jobsLine({ counts: { byState }, copyUpgrade }: EngineStatus): string {
  if (copyUpgrade !== null) return 'the offline copy is upgraded';
  const underWay = byState.running + byState.validating + byState.retrying;
  return `${underWay} under way, ${byState.queued} queued, ${byState.failed} failed`;
}

function runnerLine({ runner }: EngineStatus): string {
  switch (runner.state) {
    case 'running':
      return `this machine runs ${runner.active} of ${runner.concurrency}`;
    case 'paused':
      return 'this machine is paused';
    case 'draining':
      return 'this machine drains';
    case 'off':
    case 'stopped':
      return 'no runner here';
  }
}

const RUNNER_LABELS: Readonly<Record<RunnerAction, string>> = {
  pause: 'Pause this machine',
  resume: 'Resume this machine',
  start: 'Start this machine again',
};

/** What the runner of this machine can be asked, where the person may; what they may not is not offered. */
function control({ runner, person }: EngineStatus): readonly TrayState['items'][number][] {
  if (refusalBy('runner.control', RUNNER_REQUESTS['runner.control'], person) !== null) return [];
  const action = runnerActionOf(runner);
  return action === null ? [] : [{ label: RUNNER_LABELS[action], action }];
}
