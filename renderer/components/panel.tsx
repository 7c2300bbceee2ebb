import { useId, type ReactNode } from 'react';

/** A titled part of a screen, found by its name. */
export function Panel({
  title,
  aside = null,
  children,
}: {
  title: string;
  /** Stands at the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Names and values, one under the other. */
export function Facts({ children }: { children: ReactNode }): ReactNode {
  return <dl className="facts">{children}</dl>;
}

/** One name with its value; a dash where there is none. */
export function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  const isEmpty = children === null || children === undefined || children === false || children === '';
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{isEmpty ? <span className="muted">–</span> : children}</dd>
    </div>
  );
}
