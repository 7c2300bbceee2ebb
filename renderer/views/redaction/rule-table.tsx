import type { ReactNode } from 'react';
import { roleSchema } from '#domain/people.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import type { RedactionRule } from '#domain/redaction/redaction-rule.ts';
import { MarkedText } from '../../components/marked-text.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** Rules, for reading. */
export function RuleTable({ rules }: { rules: readonly RedactionRule[] }): ReactNode {
  return (
    <div className="wide-table">
      <table className="plain-table redaction-table">
        <caption className="visually-hidden">Redaction rules</caption>
        <TableHead columns={['Hides', 'Where', 'From', 'Shown as']} />
        <tbody>
          {rules.map(({ id, label, roles, where }) => (
            <tr key={id}>
              <td>{where.type === 'path' ? 'a field' : 'what matches'}</td>
              <td>
                <bdi className="mono">{where.type === 'path' ? where.path : where.pattern}</bdi>
                {where.type === 'pattern' && where.ignoresCase && <span className="muted"> upper or lower case</span>}
              </td>
              <td>{roleSchema.options.filter((role) => roles.includes(role)).join(', ')}</td>
              <td>
                <MarkedText text={redactionMark(label)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
