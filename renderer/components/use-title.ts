import { useEffect } from 'react';

/** Names the window after its screen, for the task bar and for whoever hears it. */
export function useTitle(screen: string): void {
  useEffect(() => {
    document.title = `${screen} – Runledger`;
  }, [screen]);
}
