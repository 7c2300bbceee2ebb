import type { ReactNode } from 'react';
import type { SignInStatus } from '#contract/status.ts';
import { explainError } from '#domain/errors.ts';
import { useClock } from '../state/clock.ts';
import { toWireError } from '../state/engine-failure.ts';
import { useSignIn } from '../state/profile-queries.ts';

/** Says whose page waits in the browser for the person, and lets them have it once more, or not sign in at all. */
export function SignInWait({ waiting }: { waiting: NonNullable<SignInStatus['waiting']> }): ReactNode {
  const signIn = useSignIn();
  const minutes = useClock((nowMs) => Math.max(1, Math.ceil((waiting.endsAtMs - nowMs) / 60_000)));
  return (
    <span className="sign-in-wait">
      <span>
        Waiting for you to sign in in the browser, at <bdi>{waiting.host}</bdi>, for <bdi>{waiting.server}</bdi>.{' '}
        <span aria-hidden>
          {minutes} {minutes === 1 ? 'minute' : 'minutes'} left.
        </span>
      </span>
      <button type="button" className="button" disabled={signIn.isPending} onClick={() => signIn.mutate('open')}>
        Open the page again
      </button>
      <button type="button" className="button" disabled={signIn.isPending} onClick={() => signIn.mutate('cancel')}>
        Cancel
      </button>
      {signIn.error !== null && <span role="alert">{explainError(toWireError(signIn.error))}</span>}
    </span>
  );
}

/** Begins a sign-in that has ended, was refused or was never made. */
export function SignInButton(): ReactNode {
  const signIn = useSignIn();
  return (
    <button type="button" className="button" disabled={signIn.isPending} onClick={() => signIn.mutate('begin')}>
      Sign in
    </button>
  );
}
