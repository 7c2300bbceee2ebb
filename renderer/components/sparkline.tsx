import type { ReactNode } from 'react';
import './sparkline.css';

const [WIDTH, HEIGHT] = [120, 26];

/** A small chart of counts, oldest first; `name` says it in words. */
export function Sparkline({ counts, name }: { counts: readonly number[]; name: string }): ReactNode {
  const highest = Math.max(1, ...counts);
  const step = WIDTH / Math.max(1, counts.length);
  return (
    <>
      <span className="visually-hidden">{name}</span>
      <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden>
        <path className="sparkline-ground" d={`M0 ${HEIGHT - 0.5}h${WIDTH}`} />
        {counts.map((count, index) => {
          // What happened at all is seen, beside however high a peak.
          const height = count === 0 ? 0 : Math.max(2, (count / highest) * (HEIGHT - 2));
          return (
            height > 0 && (
              <rect
                // A bucket has no other name than its place.
                key={index}
                x={index * step}
                y={HEIGHT - height}
                width={Math.max(1, step - 1)}
                height={height}
              />
            )
          );
        })}
      </svg>
    </>
  );
}
