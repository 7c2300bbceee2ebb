import { useId, type ReactNode } from 'react';
import type { MappedPartView } from '#contract/mapping-views.ts';
import { kindOf, splitPath } from '#domain/mapping/canonical-fields.ts';
import {
  creditForm,
  creditKey,
  CREDIT_FORMS,
  DATE_FORMS,
  ownPlaceIn,
  STATE_FORMS,
  type MappingDraft,
  type PairDraft,
} from './mapping-draft.ts';
import { Choice } from '../../components/choice.tsx';
import { TableHead } from '../../components/table-head.tsx';

type Coverage = MappedPartView['coverage'][number];

const UNPAIRED: PairDraft = { theirs: '', form: { type: 'same' } };

/** Each field of a collection beside the path that it has there, and how much of it the sampled documents cover. */
export function MappingFields({
  view,
  draft,
  isStale,
  showsOptional,
  onChange,
}: {
  view: MappedPartView;
  draft: MappingDraft;
  /** True where the draft is no longer what was looked at. */
  isStale: boolean;
  showsOptional: boolean;
  onChange: (ours: string, pair: PairDraft) => void;
}): ReactNode {
  const listId = useId();
  const pairs = draft.pairs[view.part];
  const rows = view.coverage.filter((field) => showsOptional || isShown(field, pairs, view.faults));
  return (
    <>
      <datalist id={listId}>
        {view.paths.map(({ path, kinds }) => (
          <option key={path} value={path}>
            {kinds.join(', ')}
          </option>
        ))}
      </datalist>
      <table className="plain-table wide-table">
        <caption className="visually-hidden">Fields of {view.part}</caption>
        <TableHead columns={["Runledger's field", 'Their field', 'Written as', 'Covered']} />
        <tbody>
          {rows.map((field) => {
            const { ours } = field;
            const pair = pairs[ours] ?? UNPAIRED;
            return (
              <tr key={ours}>
                <th scope="row" className="mono">
                  {ours}
                </th>
                <td>
                  <input
                    className="control mono mapping-path"
                    aria-label={`Their field for ${ours}`}
                    list={listId}
                    value={pair.theirs}
                    placeholder={ownPlaceIn(draft, view.part, ours)}
                    spellCheck={false}
                    autoComplete="off"
                    onChange={(event) => onChange(ours, { ...pair, theirs: event.target.value })}
                  />
                </td>
                <td>
                  <FormChoice part={view.part} ours={ours} pair={pair} onChange={(next) => onChange(ours, next)} />
                </td>
                <td className="num">
                  {isStale ? <span className="muted">look again</span> : coverageWords(view.documents, field)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

/**
 * Fields of elements are many: without a pair they are shown where something is wrong with them, and so is one that need not say
 * anything, which may still have to be there.
 */
function isShown(
  { ours, isOptional, among, soundShare }: Coverage,
  pairs: Readonly<Record<string, PairDraft>>,
  faults: MappedPartView['faults'],
): boolean {
  if (Object.hasOwn(pairs, ours) || faults.some(({ path }) => path === ours)) return true;
  return !isOptional && (splitPath(ours).list === null || (among > 0 && soundShare < 1));
}

function FormChoice({
  part,
  ours,
  pair,
  onChange,
}: {
  part: MappedPartView['part'];
  ours: string;
  pair: PairDraft;
  onChange: (pair: PairDraft) => void;
}): ReactNode {
  const kind = kindOf(part, ours);
  const label = `How ${ours} is written`;
  if (kind === 'date') {
    const value = pair.form.type === 'date_iso' || pair.form.type === 'date_epoch_ms' ? pair.form.type : 'same';
    return (
      <Choice
        label={label}
        table={DATE_FORMS}
        value={value}
        onChange={(type) => onChange({ ...pair, form: { type } })}
      />
    );
  }
  if (kind === 'credits') {
    return (
      <Choice
        label={label}
        table={CREDIT_FORMS}
        value={creditKey(pair.form)}
        onChange={(key) => onChange({ ...pair, form: creditForm(key) })}
      />
    );
  }
  if (kind === 'state' && splitPath(ours).list !== null) {
    return (
      <Choice
        label={label}
        table={STATE_FORMS}
        value={pair.form.type === 'state' ? 'state' : 'same'}
        onChange={(type) => onChange({ ...pair, form: { type } })}
      />
    );
  }
  return <span className="muted">{kind === 'state' ? STATE_FORMS.state : 'as it is'}</span>;
}

function coverageWords(documents: number, { isOptional, among, presentShare, soundShare }: Coverage): ReactNode {
  if (documents === 0) return <span className="muted">no document</span>;
  if (among === 0) return <span className="muted">no element</span>;
  const percent = `${(soundShare * 100).toFixed(1)} %`;
  if (soundShare < presentShare) return <span className="text-danger">{percent}, the others malformed</span>;
  if (soundShare === 1 || isOptional) return percent;
  return <span className="text-danger">{percent}, the others lack it</span>;
}
