import { CircleAlert, CircleCheck, CircleHelp, ExternalLink, TriangleAlert, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { RequestResult } from '#contract/requests.ts';
import { CodeWords } from '../../components/code-words.tsx';
import { DiagnosticsButton } from '../../components/diagnostics-button.tsx';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useDoctor } from '../../state/doctor-queries.ts';
import { DOCUMENTATION } from './documentation.ts';
import './doctor.css';

type Part = RequestResult<'doctor.run'>['parts'][number];

const LEVELS: Readonly<Record<Part['level'], { readonly icon: LucideIcon; readonly says: string }>> = {
  ok: { icon: CircleCheck, says: 'Well' },
  warning: { icon: TriangleAlert, says: 'Could be better' },
  error: { icon: CircleAlert, says: 'Wrong' },
  skipped: { icon: CircleHelp, says: 'Not looked at' },
};

/** What is wrong with the set-up, each with what to do. */
export function DoctorScreen(): ReactNode {
  useTitle('Doctor');
  const doctor = useDoctor();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Doctor</h1>
        <p className="muted">
          Looks at this machine, the server and what lies between. It writes nothing; <code>npm run doctor</code> says
          the same in a terminal.
        </p>
      </header>
      <Panel
        title="What was found"
        aside={
          <div className="doctor-actions">
            <button type="button" className="button" disabled={doctor.isFetching} onClick={() => void doctor.refetch()}>
              {doctor.isFetching ? 'Looking…' : 'Look again'}
            </button>
            <DiagnosticsButton />
          </div>
        }
      >
        {doctor.data === undefined && doctor.error === null && <output>Looking…</output>}
        {doctor.error !== null && <FailureMessage failure={doctor.error} onAskAgain={() => void doctor.refetch()} />}
        {doctor.data !== undefined && (
          <ul className="doctor-list" aria-label="Findings of the doctor">
            {doctor.data.map((part) => (
              <DoctorPart key={part.name} part={part} />
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

function DoctorPart({ part: { name, level, says, todo } }: { part: Part }): ReactNode {
  const { icon: Icon, says: levelSays } = LEVELS[level];
  const documentation = DOCUMENTATION[name];
  return (
    <li className="doctor-part" data-level={level}>
      <Icon aria-hidden size={16} />
      <strong>{name}</strong>
      <div>
        <span className="visually-hidden">{levelSays}: </span>
        <p className="doctor-says">
          <CodeWords text={says} />
        </p>
        {todo !== null && (
          <p className="doctor-todo">
            <CodeWords text={todo} />
          </p>
        )}
        {documentation !== undefined && (
          <a className="doctor-more" href={documentation.href} target="_blank" rel="noreferrer">
            MongoDB on {documentation.about}
            <ExternalLink aria-hidden size={12} />
            <span className="visually-hidden">, in the browser</span>
          </a>
        )}
      </div>
    </li>
  );
}
