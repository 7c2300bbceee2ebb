import { ArrowDownRight, ArrowRight, ArrowUpRight } from 'lucide-react';
import type { ReactNode } from 'react';
import type { DurationFigures, HealthMoment, HealthView } from '#contract/health-views.ts';
import { counted } from '#domain/counted.ts';
import { formatCredits } from '#domain/credits.ts';
import { formatDuration } from '../../components/durations.ts';
import { useCreditScale } from '../../state/engine-queries.tsx';
import {
  costAtProviders,
  formatRate,
  formatShare,
  pointChange,
  rateChange,
  relativeChange,
  throughput,
  type Change,
} from './health-figures.ts';

interface TilesProps {
  readonly view: HealthView;
  /** When it was asked for. */
  readonly atMs: number;
  readonly onPick: (moment: HealthMoment) => void;
}

/** The figures of the period, each beside the period before; each leads to the jobs that it counts. */
export function FigureTiles({ view, atMs, onPick }: TilesProps): ReactNode {
  const { figures, before } = view;
  const credits = useCreditsFormat();
  return (
    <ul className="tiles" aria-label="Figures of the period">
      <Tile
        name="Completed"
        value={figures.completed.toLocaleString('en')}
        note={`${formatRate(throughput(view, atMs))} an hour`}
        change={rateChange(view, atMs, (each) => each.completed)}
        goodDirection="up"
        onPick={() => onPick('completed')}
      />
      <Tile
        name="Success rate"
        value={figures.successRate === null ? '–' : formatShare(figures.successRate)}
        note={`${figures.failed.toLocaleString('en')} failed, ${figures.failedByCustomer.toLocaleString('en')} by the customer`}
        change={pointChange(figures.successRate, before.successRate)}
        goodDirection="up"
        onPick={() => onPick('failed')}
      />
      <DurationTile
        name="Queue time"
        figures={figures.queueTime}
        before={before.queueTime}
        onPick={() => onPick('started')}
      />
      <DurationTile
        name="Finish time"
        figures={figures.finishTime}
        before={before.finishTime}
        onPick={() => onPick('completed')}
      />
      <Tile
        name="Attempts needed"
        value={figures.attemptsPerCompleted === null ? '–' : figures.attemptsPerCompleted.toFixed(2)}
        note={`${counted(figures.attempts, 'attempt')} in all`}
        change={relativeChange(figures.attemptsPerCompleted, before.attemptsPerCompleted)}
        goodDirection="down"
        onPick={() => onPick('ended')}
      />
      <Tile
        name="Credits earned"
        value={credits(figures.earnedCredits)}
        note={`for ${costAtProviders(figures.costMicroUsd, figures.unknownCosts)}`}
        change={rateChange(view, atMs, (each) => each.earnedCredits)}
        goodDirection="up"
        onPick={() => onPick('completed')}
      />
      <Tile
        name="Lost to failures"
        value={credits(figures.lostCredits)}
        note={`and ${costAtProviders(figures.lostCostMicroUsd, figures.lostUnknownCosts)}`}
        change={rateChange(view, atMs, (each) => each.lostCredits)}
        goodDirection="down"
        onPick={() => onPick('failed')}
      />
    </ul>
  );
}

/** Writes credits with the decimals of the settings. */
export function useCreditsFormat(): (credits: number) => string {
  const scale = useCreditScale();
  return (credits) => formatCredits(Math.round(credits), scale);
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly change: Change | null;
  readonly goodDirection: 'up' | 'down';
  readonly onPick: () => void;
}

function Tile({ name, value, note, change, goodDirection, onPick }: TileProps): ReactNode {
  return (
    <li>
      <button type="button" className="tile" onClick={onPick}>
        <span className="tile-name">{name}</span>
        <span className="tile-value tabular">{value}</span>
        <ChangeText change={change} goodDirection={goodDirection} />
        <span className="tile-note tabular">{note}</span>
      </button>
    </li>
  );
}

function DurationTile({
  name,
  figures,
  before,
  onPick,
}: {
  name: string;
  figures: DurationFigures;
  before: DurationFigures;
  onPick: () => void;
}): ReactNode {
  // A figure and its unit stay on one line of the narrow tile.
  const words = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms).replaceAll(' ', '\u00A0'));
  return (
    <Tile
      name={`${name}, p95`}
      value={words(figures.p95Ms)}
      note={`p50 ${words(figures.p50Ms)}, p99 ${words(figures.p99Ms)}`}
      change={relativeChange(figures.p95Ms, before.p95Ms)}
      goodDirection="down"
      onPick={onPick}
    />
  );
}

const ARROWS = { up: ArrowUpRight, down: ArrowDownRight, same: ArrowRight } as const;

function ChangeText({ change, goodDirection }: { change: Change | null; goodDirection: 'up' | 'down' }): ReactNode {
  if (change === null) return <span className="tile-change muted">none before</span>;
  const Arrow = ARROWS[change.direction];
  const tone = change.direction === 'same' ? 'same' : change.direction === goodDirection ? 'good' : 'bad';
  return (
    <span className="tile-change tabular" data-tone={tone}>
      <Arrow aria-hidden size={13} />
      {change.text}
      {tone !== 'same' && <span className="visually-hidden">, {tone === 'good' ? 'better' : 'worse'}</span>}
    </span>
  );
}
