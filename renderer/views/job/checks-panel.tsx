import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import { counted } from '#domain/counted.ts';
import type { Validation, ValidationCheck } from '#domain/job.ts';
import { Panel } from '../../components/panel.tsx';
import { NameText } from '../../components/name-text.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** What the checks of the output said last. */
export function ChecksPanel({ detail }: { detail: JobDetail }): ReactNode {
  const { validation } = detail;
  const failed = validation?.checks.filter((check) => !check.passed).length ?? 0;
  return (
    <Panel
      title="Validation"
      aside={
        validation !== null && (
          <span className={validation.passed ? 'text-success' : 'text-danger'}>
            {validation.passed ? 'passed' : `failed, ${failed} of ${counted(validation.checks.length, 'check')}`}
          </span>
        )
      }
    >
      {validation === null ? (
        <p className="muted">No output was checked yet.</p>
      ) : (
        <ChecksTable validation={validation} name="Checks of the output" />
      )}
    </Panel>
  );
}

/** The checks of one output, by name. */
export function ChecksTable({ validation, name }: { validation: Validation; name: string }): ReactNode {
  if (validation.checks.length === 0) return <p className="muted">No checks were made.</p>;
  return (
    <table className="plain-table">
      <caption className="visually-hidden">{name}</caption>
      <TableHead columns={['Result', 'Check', 'Message']} />
      <tbody>
        {validation.checks.map((check, index) => (
          <tr key={`${index} ${check.name}`}>
            <td>
              <CheckResult check={check} />
            </td>
            <td className="mono">
              <bdi>
                <NameText name={check.name} />
              </bdi>
            </td>
            <td>
              <bdi>{check.message}</bdi>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CheckResult({ check }: { check: ValidationCheck }): ReactNode {
  if (check.passed) {
    return (
      <span className="check text-success">
        <CircleCheck aria-hidden size={14} /> passed
      </span>
    );
  }
  const isWarning = check.severity === 'warning';
  const Icon = isWarning ? TriangleAlert : CircleX;
  return (
    <span className={`check ${isWarning ? 'text-warning' : 'text-danger'}`}>
      <Icon aria-hidden size={14} /> {isWarning ? 'warning' : 'failed'}
    </span>
  );
}
