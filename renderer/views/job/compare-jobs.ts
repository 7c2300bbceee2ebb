import type { JobDetail } from '#contract/job-views.ts';
import { counted } from '#domain/counted.ts';

/** One thing that both jobs have, as text for people. */
export interface ComparedLine {
  readonly name: string;
  readonly left: string;
  readonly right: string;
  readonly isSame: boolean;
}

/** How much of a prompt is laid side by side, in characters. */
const PROMPT_MAX = 2_000;

const LINES: readonly (readonly [string, (job: JobDetail, credits: (amount: number) => string) => string])[] = [
  ['State', ({ row }) => row.state],
  ['Kind', ({ row }) => row.kind],
  ['Workspace', ({ row }) => row.workspaceId],
  ['User', ({ row }) => row.userId],
  ['Provider', ({ row }) => `${row.provider} ${row.model}`],
  ['Acceptance id', ({ acceptanceId }) => acceptanceId ?? 'none'],
  ['Price', ({ row }, credits) => credits(row.priceCredits)],
  ['Charge', ({ charge }) => charge.status.replaceAll('_', ' ')],
  ['Captured', ({ charge }, credits) => credits(charge.capturedCredits)],
  ['Attempts', ({ row }) => `${row.attempt} of ${row.maxAttempts}`],
  ['Way', ({ history }) => history.map(({ to }) => to).join(' → ')],
  ['Failure', ({ failure }) => (failure === null ? 'none' : `${failure.class} ${failure.code}: ${failure.message}`)],
  ['Failed checks', ({ validation }) => failedChecksOf(validation)],
  ['Input hash', ({ inputHash }) => inputHash],
  ['Prompt', ({ prompt }) => prompt.slice(0, PROMPT_MAX)],
  ['Options', ({ optionsJson }) => optionsJson],
  ['Output', ({ output }) => (output === null ? 'none' : `${output.mime}, ${counted(output.bytes, 'byte')}`)],
  ['Output hash', ({ output }) => output?.sha256 ?? 'none'],
];

/** Lays two jobs side by side. @param credits writes an amount of credits for people */
export function compareJobs(
  left: JobDetail,
  right: JobDetail,
  credits: (amount: number) => string,
): readonly ComparedLine[] {
  return LINES.map(([name, of]) => {
    const [ofLeft, ofRight] = [of(left, credits), of(right, credits)];
    return { name, left: ofLeft, right: ofRight, isSame: ofLeft === ofRight };
  });
}

/** The address of two jobs side by side. */
export function compareHref(leftId: string, rightId: string): string {
  return `/compare?${new URLSearchParams({ left: leftId, right: rightId }).toString()}`;
}

function failedChecksOf(validation: JobDetail['validation']): string {
  if (validation === null) return 'not checked';
  const failed = validation.checks.filter(({ passed }) => !passed).map(({ name }) => name);
  return failed.length === 0 ? 'none' : failed.join(', ');
}
