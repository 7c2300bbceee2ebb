import { FlaskConical } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ReplayDays, ReplayedClassView, ReplayView } from '#contract/policy-views.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { counted } from '#domain/counted.ts';
import { Credits, ProviderCost } from '../../components/credits-text.tsx';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import { FailureMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useReplay } from '../../state/policy-queries.ts';
import { TableHead } from '../../components/table-head.tsx';

const DAYS: readonly ReplayDays[] = [30, 90];

/** Tries a draft out on what has happened, before it is put in force. @param draft null while it cannot be read */
export function ReplayPanel({ draft }: { draft: PolicyDraft | null }): ReactNode {
  const { replay, stop } = useReplay();
  const isOfDraft = replay.variables?.draft === draft;
  return (
    <div className="version-trial">
      <div className="plan-actions">
        {DAYS.map((days) => (
          <button
            key={days}
            type="button"
            className="button"
            disabled={draft === null || replay.isPending}
            onClick={() => {
              if (draft !== null) replay.mutate({ draft, days });
            }}
          >
            <FlaskConical aria-hidden size={14} />
            Replay the last {days} days
          </button>
        ))}
        {replay.isPending && (
          <>
            <output className="muted">Replaying every failure of that time…</output>
            <button type="button" className="button" onClick={stop}>
              Stop
            </button>
          </>
        )}
      </div>
      {replay.error !== null && (
        <FailureMessage
          failure={replay.error}
          onAskAgain={() => {
            if (draft !== null) replay.mutate({ draft, days: replay.variables?.days ?? 30 });
          }}
        />
      )}
      {replay.data !== undefined && !isOfDraft && (
        <output className="note" data-tone="warning">
          The draft was changed since; replay it again.
        </output>
      )}
      {replay.data !== undefined && isOfDraft && <ReplayResult replay={replay.data} />}
    </div>
  );
}

function ReplayResult({ replay }: { replay: ReplayView }): ReactNode {
  const shown = replay.classes.filter(({ failures, people, charge }) =>
    [failures, people.retried, charge.keptCredits, charge.returnedCredits].some((figure) => figure > 0),
  );
  return (
    <>
      <p>
        {counted(replay.jobs, 'job')} of the last {replay.days} days had a failure
        {replay.isCut && '; there were more, and only the newest were replayed'}.
      </p>
      {replay.keptSinceMs !== null && (
        <p className="note" data-tone="warning">
          <span>
            The offline copy keeps only what changed since <RelativeTime atMs={replay.keptSinceMs} />; older failures
            are not in these figures.
          </span>
        </p>
      )}
      {shown.length > 0 && (
        <div className="wide-table">
          <table className="plain-table">
            <caption className="visually-hidden">What the draft would have done differently</caption>
            <TableHead
              columns={[
                'Failure',
                { number: 'Retried' },
                'Retries that would not have happened',
                'Retries that would have happened too',
                'Retries by people',
                'Charge',
              ]}
            />
            <tbody>
              {shown.map((one) => (
                <ReplayRow key={one.failureClass} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function ReplayRow({ one }: { one: ReplayedClassView }): ReactNode {
  return (
    <tr>
      <th scope="row">{FAILURE_CLASS_NAMES[one.failureClass]}</th>
      <td className="number">
        {one.retried.toLocaleString('en')} of {one.failures.toLocaleString('en')}
      </td>
      <td>
        <Dropped dropped={one.dropped} />
      </td>
      <td>
        <Added added={one.added} />
      </td>
      <td>
        <People people={one.people} />
      </td>
      <td>
        <Charge charge={one.charge} />
      </td>
    </tr>
  );
}

function Dropped({ dropped }: { dropped: ReplayedClassView['dropped'] }): ReactNode {
  if (dropped.attempts === 0) return <span className="muted">none</span>;
  return (
    <>
      {counted(dropped.attempts, 'attempt')}
      <span className="cell-note">
        saves <Cost microUsd={dropped.costMicroUsd} without={dropped.attemptsWithoutCost} of={dropped.attempts} />;{' '}
        {counted(dropped.successes, 'success', 'successes')} for <Credits credits={dropped.credits} /> credits lost
      </span>
    </>
  );
}

function Added({ added }: { added: ReplayedClassView['added'] }): ReactNode {
  if (added.generations === 0) return <span className="muted">none</span>;
  return (
    <>
      {counted(added.generations, 'generation')}, at most {counted(added.attemptsMax, 'attempt')}
      <span className="cell-note">
        costs at most{' '}
        <Cost microUsd={added.costMicroUsdMax} without={added.attemptsWithoutCost} of={added.attemptsMax} />; at most{' '}
        {counted(added.successesMax, 'success', 'successes')} more, for at most <Credits credits={added.creditsMax} />{' '}
        credits
        {added.successesLikely === null
          ? '; how many is not known, none was retried'
          : `; about ${added.successesLikely.toLocaleString('en')} by how often retries succeeded`}
      </span>
    </>
  );
}

function People({ people }: { people: ReplayedClassView['people'] }): ReactNode {
  if (people.retried === 0) return <span className="muted">none</span>;
  return (
    <>
      {people.refused.toLocaleString('en')} of {people.retried.toLocaleString('en')} refused
      {people.refused > 0 && (
        <span className="cell-note">
          {counted(people.successesLost, 'success', 'successes')} for <Credits credits={people.creditsLost} /> credits
          lost
        </span>
      )}
    </>
  );
}

function Charge({ charge }: { charge: ReplayedClassView['charge'] }): ReactNode {
  if (charge.keptCredits === 0 && charge.returnedCredits === 0) return <span className="muted">as it was</span>;
  return (
    <>
      {charge.keptCredits > 0 && (
        <>
          <Credits credits={charge.keptCredits} /> credits kept that were given back
        </>
      )}
      {charge.keptCredits > 0 && charge.returnedCredits > 0 && ', '}
      {charge.returnedCredits > 0 && (
        <>
          <Credits credits={charge.returnedCredits} /> credits given back that were kept
        </>
      )}
    </>
  );
}

function Cost({ microUsd, without, of }: { microUsd: number; without: number; of: number }): ReactNode {
  if (of > 0 && without === of) return <>a provider cost that is not known</>;
  return (
    <>
      <ProviderCost microUsd={microUsd} />
      {without > 0 && ` (of ${counted(without, 'attempt')} it is not known)`}
    </>
  );
}
