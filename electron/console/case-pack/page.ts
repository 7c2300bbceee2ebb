import type { JobDetail } from '#contract/job-views.ts';
import { shownCredits } from '#domain/credits.ts';

/** A case as one page for people. It holds no script, loads nothing, and everything of a job in it is text. */
export function casePage(
  jobs: readonly JobDetail[],
  facts: { readonly madeAt: string; readonly rules: readonly string[] },
): string {
  const list = jobs.map(
    (job) => `<li><a href="#${anchorOf(job)}">${escape(job.row.id)}</a> ${escape(job.row.state)}</li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Case of ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}</title>
<style>
body { max-width: 960px; margin: 24px auto; padding: 0 16px; font: 14px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; margin-bottom: 16px; }
th, td { padding: 4px 8px; border-bottom: 1px solid #ccc; text-align: start; vertical-align: top; }
section { border-top: 2px solid #333; margin-top: 24px; }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; } body { background: #111; color: #eee; } a { color: #9bf; } }
</style>
<h1>Case of ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}</h1>
<p>Made at ${escape(facts.madeAt)}. What was taken out:</p>
<ul>${facts.rules.map((rule) => `<li>${escape(rule)}</li>`).join('')}</ul>
<ol>${list.join('')}</ol>
${jobs.map(jobSection).join('\n')}
</html>
`;
}

function jobSection(job: JobDetail): string {
  const { row, charge, failure } = job;
  return `<section id="${anchorOf(job)}">
<h2>${escape(row.id)}</h2>
${table(
  ['', ''],
  [
    ['State', row.state],
    ['Kind', row.kind],
    ['Workspace', row.workspaceId],
    ['User', row.userId],
    ['Provider', `${row.provider} ${row.model}`],
    ['Price', shownCredits(row.priceCredits)],
    ['Charge', charge.status.replaceAll('_', ' ')],
    ['Failure', failure === null ? 'none' : `${failure.class} ${failure.code}: ${failure.message}`],
  ],
)}
<h3>States</h3>
${table(
  ['When', 'From', 'To', 'By', 'Reason'],
  job.history.map((entry) => [
    time(entry.atMs),
    entry.from ?? '',
    `${entry.to}${entry.isLegal ? '' : ' (not a legal change)'}`,
    `${entry.actor.type} ${entry.actor.id}`,
    entry.reason,
  ]),
)}
<h3>Attempts</h3>
${table(
  ['#', 'From', 'To', 'Provider', 'Acceptance id', 'Failure'],
  job.attempts.map((attempt) => [
    String(attempt.n),
    time(attempt.startedAtMs),
    attempt.endedAtMs === null ? '' : time(attempt.endedAtMs),
    `${attempt.provider} ${attempt.model}`,
    attempt.acceptanceId ?? '',
    attempt.failure === null ? '' : `${attempt.failure.code}: ${attempt.failure.message}`,
  ]),
)}
<h3>Ledger</h3>
${table(
  ['When', 'Entry', 'Credits', 'Reason'],
  charge.entries.map((entry) => [
    time(entry.atMs),
    `${entry.type}${entry.isPending ? ' (owed)' : ''}`,
    shownCredits(entry.credits),
    entry.reason,
  ]),
)}
</section>`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>None.</p>';
  const head = heads.some((each) => each !== '')
    ? `<tr>${heads.map((each) => `<th>${escape(each)}</th>`).join('')}</tr>`
    : '';
  const lines = rows.map((cells) => `<tr>${cells.map((cell) => `<td><bdi>${escape(cell)}</bdi></td>`).join('')}</tr>`);
  return `<table>${head}${lines.join('')}</table>`;
}

/** Ids may hold anything; the anchor is made of their letters' numbers. */
function anchorOf(job: JobDetail): string {
  return `job-${Buffer.from(job.row.id, 'utf8').toString('hex')}`;
}

function time(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? 'no time' : date.toISOString();
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
