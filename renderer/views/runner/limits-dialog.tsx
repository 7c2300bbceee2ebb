import { useState, type FormEvent, type ReactNode } from 'react';
import type { FleetLimitsView } from '#contract/fleet-views.ts';
import { isNamedScope, limitChanges, withLimit, withRate, type LimitScope } from '#domain/runner-limit-change.ts';
import type { RunnerLimits } from '#domain/runner-limits.ts';
import { Choice } from '../../components/choice.tsx';
import { FailureLine } from '../../components/failure-line.tsx';
import { ModalDialog } from '../../components/modal-dialog.tsx';
import { useLimitsChange } from '../../state/fleet-queries.ts';

const SCOPE_WORDS: Readonly<Record<LimitScope, string>> = {
  total: 'all attempts together',
  provider: 'one provider',
  kind: 'one kind',
  each_workspace: 'each workspace',
  workspace: 'one workspace',
};

/** Changes limits one by one, shows what all of it changes, and puts it in force at once. */
export function LimitsDialog({ view, onClose }: { view: FleetLimitsView; onClose: () => void }): ReactNode {
  const [limits, setLimits] = useState(view.limits);
  const change = useLimitsChange();
  const changes = limitChanges(view.limits, limits);
  const stopsAll = limits.concurrency.total === 0;
  return (
    <ModalDialog title="Limits of the fleet" onClose={onClose}>
      <div className="dialog-body limits-dialog">
        <ConcurrencyForm onSet={(scope, name, max) => setLimits((before) => withLimit(before, scope, name, max))} />
        <RateForm limits={limits} onSet={setLimits} />
        <section aria-label="What changes">
          <h3>What changes</h3>
          {changes.length === 0 ? (
            <p className="muted">Nothing yet.</p>
          ) : (
            <ul>
              {changes.map((sentence) => (
                <li key={sentence}>
                  <bdi>{sentence}</bdi>
                </li>
              ))}
            </ul>
          )}
          {stopsAll && (
            <p className="note" data-tone="warning" role="note">
              No runner begins any job while all attempts together are limited to 0. What is under way is finished.
            </p>
          )}
        </section>
        <FailureLine failure={change.error} />
        <div className="dialog-actions">
          <button
            type="button"
            className="button"
            disabled={changes.length === 0}
            onClick={() => setLimits(view.limits)}
          >
            Undo all
          </button>
          <button
            type="button"
            className="button"
            data-kind="primary"
            disabled={changes.length === 0 || change.isPending}
            onClick={() => change.mutate({ limits, revision: view.revision }, { onSuccess: onClose })}
          >
            Put in force
          </button>
        </div>
      </div>
    </ModalDialog>
  );
}

function ConcurrencyForm({
  onSet,
}: {
  onSet: (scope: LimitScope, name: string, max: number | null) => void;
}): ReactNode {
  const [scope, setScope] = useState<LimitScope>('total');
  const [name, setName] = useState('');
  const [max, setMax] = useState('');
  const isNamed = isNamedScope(scope);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSet(scope, isNamed ? name.trim() : '', max === '' ? null : Number(max));
  };
  return (
    <form className="limits-form" onSubmit={submit} aria-label="Attempts at once">
      <h3>Attempts at once</h3>
      <label>
        Of
        <Choice table={SCOPE_WORDS} value={scope} onChange={setScope} />
      </label>
      {isNamed && (
        <label>
          Named
          <input
            className="control"
            value={name}
            required
            maxLength={200}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
      )}
      <NumberField label="At most" placeholder="no limit" min={0} value={max} onChange={setMax} />
      <button type="submit" className="button">
        Set
      </button>
    </form>
  );
}

function RateForm({ limits, onSet }: { limits: RunnerLimits; onSet: (limits: RunnerLimits) => void }): ReactNode {
  const [provider, setProvider] = useState('');
  const [requests, setRequests] = useState('');
  const [tokens, setTokens] = useState('');
  const [each, setEach] = useState('1000');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const rate = {
      requestsPerMinute: requests === '' ? null : Number(requests),
      tokensPerMinute: tokens === '' ? null : Number(tokens),
      tokensPerRequest: Number(each),
    };
    const isNone = rate.requestsPerMinute === null && rate.tokensPerMinute === null;
    onSet(withRate(limits, provider.trim(), isNone ? null : rate));
  };
  return (
    <form className="limits-form" onSubmit={submit} aria-label="Asked in a minute">
      <h3>Asked of a provider in a minute</h3>
      <label>
        Provider
        <input
          className="control"
          value={provider}
          required
          maxLength={200}
          onChange={(event) => setProvider(event.target.value)}
        />
      </label>
      <NumberField label="Requests" placeholder="no limit" min={1} value={requests} onChange={setRequests} />
      <NumberField label="Tokens" placeholder="no limit" min={1} value={tokens} onChange={setTokens} />
      {tokens !== '' && (
        <NumberField
          label="Tokens of a request"
          placeholder="1000"
          min={1}
          value={each}
          onChange={setEach}
          isRequired
        />
      )}
      <button type="submit" className="button">
        Set
      </button>
    </form>
  );
}

function NumberField({
  label,
  placeholder,
  min,
  value,
  onChange,
  isRequired = false,
}: {
  label: string;
  placeholder: string;
  min: number;
  value: string;
  onChange: (text: string) => void;
  isRequired?: boolean;
}): ReactNode {
  return (
    <label>
      {label}
      <input
        className="control tabular"
        type="number"
        min={min}
        max={1_000_000}
        step={1}
        required={isRequired}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
