import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { KnownView, RetryPreviewView, RetryWarningView } from '#contract/retry-views.ts';
import { counted } from '#domain/counted.ts';
import { ChargeBadge } from '../../components/charge-badge.tsx';
import { Credits, ProviderCost } from '../../components/credits-text.tsx';
import { Fact, Facts } from '../../components/panel.tsx';

const DAY_MS = 86_400_000;

/** What a retry costs, what was charged so far, and how often it helped. */
export function RetryFacts({ preview }: { preview: RetryPreviewView }): ReactNode {
  const { balance, experience } = preview;
  const days = Math.round(experience.windowMs / DAY_MS);
  return (
    <>
      <Facts>
        <Fact name="Customer pays">
          <Figure known={preview.price} show={(credits) => <Credits credits={credits} />} /> credits
        </Fact>
        <Fact name="Provider costs">
          <Figure known={preview.providerCost} show={(microUsd) => <ProviderCost microUsd={microUsd} />} />
        </Fact>
        <Fact name="Balance">
          <Credits credits={balance.beforeCredits} /> now, <Credits credits={balance.afterCredits} /> with it held
        </Fact>
        <Fact name="Charged so far">
          <ChargeBadge status={preview.chargeStatus} />
        </Fact>
        <Fact name="Did it help?">
          {experience.retried === 0
            ? `Such a failure was not retried in the last ${days} days.`
            : `${experience.succeeded} of ${counted(experience.retried, 'retry', 'retries')} of such failures completed in the last ${days} days.`}
        </Fact>
        <Fact name={`Policy ${preview.verdict.policyVersion}`}>{preview.verdict.why}</Fact>
      </Facts>
      {preview.evidence.length > 0 && (
        <ul className="note" data-tone="danger">
          {preview.evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <RetryWarnings warnings={preview.warnings} />
    </>
  );
}

/** What a person should have read before a retry. */
export function RetryWarnings({ warnings }: Pick<RetryPreviewView, 'warnings'>): ReactNode {
  return warnings.map((warning) => (
    <p className="note" data-tone="warning" key={warning.type}>
      <TriangleAlert aria-hidden size={15} />
      <span>
        <Warning warning={warning} />
      </span>
    </p>
  ));
}

/** A figure with how well it is known: an estimate says what it rests on, and nothing known is never shown as 0. */
function Figure({ known, show }: { known: KnownView; show: (value: number) => ReactNode }): ReactNode {
  switch (known.type) {
    case 'exact':
      return show(known.value);
    case 'estimated':
      return (
        <>
          about {show(known.value)} <span className="muted">({known.basis})</span>
        </>
      );
    case 'unknown':
      return (
        <>
          not known <span className="muted">({known.basis})</span>
        </>
      );
  }
}

function Warning({ warning }: { warning: RetryWarningView }): ReactNode {
  switch (warning.type) {
    case 'already_charged':
      return (
        <>
          The customer paid <Credits credits={warning.credits} /> for the generation that failed, and it was not
          refunded. A retry is paid again.
        </>
      );
    case 'insufficient_credit':
      return (
        <>
          The workspace lacks <Credits credits={warning.missingCredits} /> credits. The job would wait for a top-up.
        </>
      );
    case 'provider_accepted':
      return (
        <>
          The provider accepted the last generation (<bdi className="mono">{warning.acceptanceId}</bdi>) and nobody
          received its result: it may have cost something already. Collecting asks for that very result; only where the
          provider does not have it any more it is made anew.
        </>
      );
    case 'same_input_under_way':
      return (
        <>
          The same input is on its way in <bdi className="mono">{warning.jobIds.join(', ')}</bdi>.
        </>
      );
  }
}
