import { useEffect } from 'react';

/** How the putting in force of a draft stands; the part of a mutation that matters here. */
interface Putting<Draft> {
  readonly isSuccess: boolean;
  readonly variables: { readonly draft: Draft } | undefined;
}

/**
 * Leaves a draft that is in force as it stands. One that was written on while it was put in force stays open, as a draft over the version
 * that was made of it.
 */
export function useLeaveWhenPut<Draft>(put: Putting<Draft>, draft: Draft, onClose: () => void): void {
  const isInForce = put.isSuccess && put.variables?.draft === draft;
  useEffect(() => {
    if (isInForce) onClose();
  }, [isInForce, onClose]);
}
