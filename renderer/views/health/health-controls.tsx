import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { healthGroupSchema, type HealthFilter } from '#contract/health-views.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { Segments } from '../../components/segments.tsx';
import {
  HEALTH_PERIODS,
  healthHref,
  healthPeriodSchema,
  type HealthScreenView,
} from '../../state/health-query-string.ts';

const FILTER_WORDS: Readonly<Record<keyof HealthFilter, string>> = {
  kind: 'Kind',
  provider: 'Provider',
  model: 'Model',
  workspaceId: 'Workspace',
};

/** Chooses the period, what the table is divided by, and takes restrictions away. */
export function HealthControls({ view }: { view: HealthScreenView }): ReactNode {
  const go = (change: Partial<HealthScreenView>): void => navigateTo(healthHref({ ...view, ...change }));
  return (
    <search className="health-controls" aria-label="Health">
      <Segments
        name="Period"
        value={view.period}
        options={healthPeriodSchema.options.map((period) => ({ value: period, says: HEALTH_PERIODS[period].says }))}
        onChange={(period) => go({ period })}
      />
      <label className="health-by">
        Divided by
        <select
          className="control"
          value={view.groupBy ?? 'none'}
          onChange={(event) => go({ groupBy: healthGroupSchema.nullable().catch(null).parse(event.target.value) })}
        >
          {healthGroupSchema.options.map((group) => (
            <option key={group} value={group}>
              {group}
            </option>
          ))}
          <option value="none">nothing</option>
        </select>
      </label>
      <Restrictions view={view} onChange={(filter) => go({ filter })} />
    </search>
  );
}

function Restrictions({
  view: { filter },
  onChange,
}: {
  view: HealthScreenView;
  onChange: (filter: HealthFilter) => void;
}): ReactNode {
  const fields = Object.keys(FILTER_WORDS) as (keyof HealthFilter)[];
  return fields.map((field) => {
    const value = filter[field];
    if (value === null) return null;
    return (
      <button
        key={field}
        type="button"
        className="button"
        onClick={() => onChange({ ...filter, [field]: null })}
        aria-label={`${FILTER_WORDS[field]} ${value}: take this restriction away`}
      >
        {FILTER_WORDS[field]}: <bdi className="clipped">{value === '' ? 'none' : value}</bdi>
        <X aria-hidden size={13} />
      </button>
    );
  });
}
