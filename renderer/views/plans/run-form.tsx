import { Play } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { PlanView } from '#contract/plan-views.ts';
import { DEFAULT_RAMP, rampSchema } from '#domain/retry-plan/ramp.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { Credits } from '../../components/credits-text.tsx';
import { useCreditScale } from '../../state/engine-queries.tsx';
import type { usePlanActions } from '../../state/plan-queries.ts';

/** How a plan is to be run: by which steps, and when it stops by itself. */
export function RunForm({ plan, run }: { plan: PlanView; run: ReturnType<typeof usePlanActions>['run'] }): ReactNode {
  const scale = useCreditScale();
  const units = 10 ** scale;
  const [steps, setSteps] = useState(DEFAULT_RAMP.join(', '));
  const [failurePercent, setFailurePercent] = useState('50');
  const [sample, setSample] = useState('5');
  const [spend, setSpend] = useState((plan.plannedCredits / units).toFixed(scale));
  const [typed, setTyped] = useState('');
  const ramp = safeParse(rampSchema, steps.split(',').map(Number));
  const percent = Number(failurePercent);
  const endedMin = Number(sample);
  const spendCreditsMax = Math.round(Number(spend) * units);
  const needed = (plan.plannedCredits / units).toFixed(scale);
  const missing = whatIsMissing({
    isRamp: ramp.success,
    isShare: percent >= 0 && percent <= 100 && failurePercent.trim() !== '',
    isSample: Number.isInteger(endedMin) && endedMin >= 1,
    isSpend: spend.trim() !== '' && Number.isSafeInteger(spendCreditsMax) && spendCreditsMax >= 0,
    isTyped: plan.consent === 'none' || typed.trim() === needed,
  });
  return (
    <form
      className="plan-run-form"
      aria-label="Run the plan"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ramp.success || missing !== null) return;
        run.mutate({
          ramp: ramp.data,
          limits: { failureRateMax: percent / 100, endedMin, spendCreditsMax },
          typedCredits: plan.consent === 'none' ? null : plan.plannedCredits,
        });
      }}
    >
      <label className="field">
        Jobs each step begins; the last one repeats
        <input value={steps} onChange={(event) => setSteps(event.target.value)} />
      </label>
      <label className="field">
        Stop when more than so many percent failed
        <input inputMode="numeric" value={failurePercent} onChange={(event) => setFailurePercent(event.target.value)} />
      </label>
      <label className="field">
        Looked at from so many ended jobs on
        <input inputMode="numeric" value={sample} onChange={(event) => setSample(event.target.value)} />
      </label>
      <label className="field">
        Stop before it has spent more credits than
        <input inputMode="decimal" value={spend} onChange={(event) => setSpend(event.target.value)} />
      </label>
      {plan.consent !== 'none' && (
        <label className="field">
          <span>
            Type {needed} to spend <Credits credits={plan.plannedCredits} /> credits
          </span>
          <input
            inputMode="numeric"
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
      )}
      <div className="plan-actions">
        <button type="submit" className="button" data-kind="primary" disabled={missing !== null || run.isPending}>
          <Play aria-hidden size={14} />
          Run for at most{' '}
          <Credits
            credits={missing === null ? Math.min(spendCreditsMax, plan.plannedCredits) : plan.plannedCredits}
          />{' '}
          credits
        </button>
        <span className="muted">{missing}</span>
      </div>
    </form>
  );
}

function whatIsMissing(
  given: Readonly<Record<'isRamp' | 'isShare' | 'isSample' | 'isSpend' | 'isTyped', boolean>>,
): string | null {
  if (!given.isRamp) return 'Steps are whole numbers with commas between.';
  if (!given.isShare) return 'A percentage from 0 to 100 is expected.';
  if (!given.isSample) return 'A whole number of jobs is expected.';
  if (!given.isSpend) return 'An amount of credits is expected.';
  return given.isTyped ? null : 'Type the amount first.';
}
