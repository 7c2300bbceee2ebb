import { Compass, PlugZap, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FallbackProps } from 'react-error-boundary';
import { Link } from 'wouter';
import { ERRORS } from '#domain/errors.ts';
import { DiagnosticsButton } from '../components/diagnostics-button.tsx';
import { ScreenMessage } from '../components/screen-message.tsx';
import { ScreensNotLoadedError } from './lazy-screens.ts';

/** What stands in place of a screen that broke: the frame and everything in the engine go on. */
export function CrashScreen({ error, resetErrorBoundary }: FallbackProps): ReactNode {
  // React and the browser both remember that a file could not be loaded: only another page asks for it again.
  if (error instanceof ScreensNotLoadedError) return <NotLoadedScreen detail={error.message} />;
  return (
    <ScreenMessage
      isWholeScreen
      icon={TriangleAlert}
      tone="danger"
      title="This screen broke"
      detail={error instanceof Error ? error.message : null}
      action={
        <>
          <button type="button" className="button" onClick={resetErrorBoundary}>
            Show it again
          </button>
          <DiagnosticsButton />
        </>
      }
    >
      {ERRORS.internal.message} {ERRORS.internal.action}
    </ScreenMessage>
  );
}

function NotLoadedScreen({ detail }: { readonly detail: string }): ReactNode {
  return (
    <ScreenMessage
      isWholeScreen
      icon={TriangleAlert}
      tone="danger"
      title="This screen could not be loaded"
      detail={detail}
      action={
        <button type="button" className="button" onClick={() => window.location.reload()}>
          Load the window again
        </button>
      }
    >
      Its file cannot be read, or Runledger was replaced while it ran. If it stays so, start Runledger again.
    </ScreenMessage>
  );
}

/** An address that names no screen. */
export function NoSuchScreen(): ReactNode {
  return (
    <ScreenMessage
      isWholeScreen
      icon={Compass}
      title="There is no such screen"
      action={
        <Link className="button" href="/jobs">
          Show the jobs
        </Link>
      }
    >
      The address may come from another version of Runledger.
    </ScreenMessage>
  );
}

/** The page outside of Runledger's own window, where there is no engine to ask. */
export function NoBridgeScreen(): ReactNode {
  return (
    <main className="screen">
      <ScreenMessage isWholeScreen icon={PlugZap} tone="danger" title="No engine here">
        This page works in Runledger&apos;s own window only. Start it with <code>npm start</code>.
      </ScreenMessage>
    </main>
  );
}
