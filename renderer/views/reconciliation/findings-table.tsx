import type { ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import type { ReviewView } from '#contract/finding-views.ts';
import type { FindingGroup, FindingsLayout } from '#contract/reconciliation-views.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { wordsOfRule } from '#domain/reconciliation/said-rules.ts';
import { Credits } from '../../components/credits-text.tsx';
import { findingHref, parseRunId } from '../../state/findings-query-string.ts';
import { JobLink } from '../../components/job-link.tsx';
import { TableHead } from '../../components/table-head.tsx';

interface TableProps {
  /** In the order of the rows, which stand group by group. */
  readonly groups: readonly FindingGroup[];
  readonly groupBy: FindingsLayout['groupBy'];
  readonly rows: readonly Finding[];
  readonly reviews: Readonly<Record<string, ReviewView>>;
  readonly chosen: ReadonlySet<string>;
  readonly onToggle: (findingId: string) => void;
}

/** Findings in groups, each with its sum; any number of them can be chosen. */
export function FindingsTable({ groups, groupBy, rows, reviews, chosen, onToggle }: TableProps): ReactNode {
  const starts = groups.map((_, index) => groups.slice(0, index).reduce((sum, { findings }) => sum + findings, 0));
  return (
    <table className="findings-table">
      <caption className="visually-hidden">Findings by {groupBy}</caption>
      <TableHead columns={[{ choose: 'Chosen' }, 'Finding', 'Workspace', 'Job', 'Month', { number: 'Credits' }]} />
      {groups.map((group, index) => {
        const start = starts[index] ?? 0;
        const shown = rows.slice(start, start + group.findings);
        if (shown.length === 0) return null;
        return (
          <tbody key={group.key}>
            <GroupRow group={group} groupBy={groupBy} />
            {shown.map((finding) => (
              <FindingRow
                key={finding.id}
                finding={finding}
                review={reviews[finding.id]}
                isRuleNamed={groupBy !== 'rule'}
                isChosen={chosen.has(finding.id)}
                onToggle={() => onToggle(finding.id)}
              />
            ))}
          </tbody>
        );
      })}
    </table>
  );
}

function GroupRow({ group, groupBy }: { group: FindingGroup; groupBy: FindingsLayout['groupBy'] }): ReactNode {
  const rule = groupBy === 'rule' ? wordsOfRule(group.key) : undefined;
  return (
    <tr className="rule-row">
      <th scope="rowgroup" colSpan={5}>
        <GroupTitle groupKey={group.key} groupBy={groupBy} />{' '}
        <span className="rule-count tabular">{group.findings.toLocaleString('en')}</span>
        {rule !== undefined && <span className="rule-sentence">{rule.sentence}</span>}
      </th>
      <td className="number">
        <Credits credits={group.credits} isSigned />
      </td>
    </tr>
  );
}

function GroupTitle({ groupKey, groupBy }: { groupKey: string; groupBy: FindingsLayout['groupBy'] }): ReactNode {
  if (groupBy === 'workspace') return groupKey === '' ? 'No workspace' : <bdi className="mono">{groupKey}</bdi>;
  if (groupBy === 'amount') {
    if (groupKey === '0') return 'No credits at stake';
    return (
      <>
        <Credits credits={Number(groupKey)} /> credits and more
      </>
    );
  }
  const rule = wordsOfRule(groupKey);
  return rule === undefined ? groupKey : `${rule.number}. ${rule.title}`;
}

function FindingRow({
  finding,
  review,
  isRuleNamed,
  isChosen,
  onToggle,
}: {
  finding: Finding;
  review: ReviewView | undefined;
  isRuleNamed: boolean;
  isChosen: boolean;
  onToggle: () => void;
}): ReactNode {
  const runId = parseRunId(useSearch());
  const rule = wordsOfRule(finding.rule);
  const sentence = rule?.cases[finding.case]?.sentence ?? finding.case;
  return (
    <tr>
      <td>
        <input type="checkbox" checked={isChosen} onChange={onToggle} aria-label={`Choose ${finding.subject.id}`} />
      </td>
      <td>
        <Link href={findingHref(finding.id, runId)}>{sentence}</Link>{' '}
        {review?.standing === 'accepted' && <span className="tag">accepted</span>}
        {review?.settled?.as === 'solved' && <span className="tag">said to be solved</span>}
        {review?.assignedTo !== undefined && review.assignedTo !== null && (
          <span className="tag">
            <bdi>{review.assignedTo}</bdi>
          </span>
        )}
        {isRuleNamed && <span className="cell-note">{rule?.title ?? finding.rule}</span>}
        <span className="cell-note">
          <bdi>{finding.evidence}</bdi>
        </span>
      </td>
      <td className="mono">
        <bdi>{finding.workspaceId ?? '–'}</bdi>
      </td>
      <td>{finding.jobId === null ? '–' : <JobLink jobId={finding.jobId} />}</td>
      <td className="tabular">{finding.period ?? 'now'}</td>
      <td className="number">
        <Credits credits={finding.credits} isSigned />
      </td>
    </tr>
  );
}
