import type { ReactNode } from 'react';
import { failureClassSchema } from '#domain/failure.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { CHARGE_WORDS, PERSON_RULE_WORDS, secondsText } from '#domain/policy-words.ts';
import { TableHead } from '../../components/table-head.tsx';

/** The head of the matrix. @param waitUnit the unit of waits, where their fields hold bare numbers */
export function MatrixHead({ waitUnit = '' }: { waitUnit?: string }): ReactNode {
  return (
    <TableHead
      columns={[
        'Failure',
        { number: 'Retries by a runner' },
        { number: `First wait${waitUnit}` },
        { number: `Longest wait${waitUnit}` },
        'A person retries it',
        'The hold is',
        'Why',
      ]}
    />
  );
}

/** What a policy says of each class of failure. */
export function PolicyMatrix({ policy }: { policy: RetryPolicy }): ReactNode {
  return (
    <div className="wide-table">
      <table className="plain-table policy-table">
        <caption className="visually-hidden">What happens after each class of failure</caption>
        <MatrixHead />
        <tbody>
          {failureClassSchema.options.map((name) => {
            const rule = policy.classes[name];
            return (
              <tr key={name}>
                <th scope="row">{FAILURE_CLASS_NAMES[name]}</th>
                <td className="number">{rule.automatic}</td>
                <td className="number">{rule.automatic === 0 ? '–' : secondsText(rule.backoffBaseMs)}</td>
                <td className="number">{rule.automatic === 0 ? '–' : secondsText(rule.backoffMaxMs)}</td>
                <td>{PERSON_RULE_WORDS[rule.person]}</td>
                <td>{CHARGE_WORDS[rule.charge]}</td>
                <td>{rule.why}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
