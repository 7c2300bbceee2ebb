/**
 * Where the first window is to open. What asks for a screen before a window can be opened waits for it: macOS hands the link that an
 * application is started by to its `open-url` event, which comes before it is ready, and Electron opens no window until then.
 */
export class WaitingRoute {
  readonly #show: (route: string | null) => void;
  #route: string | null;
  #isOpen = false;

  /** @param show brings the window to the front, on a route of it where one is given */
  constructor(route: string | null, show: (route: string | null) => void) {
    this.#route = route;
    this.#show = show;
  }

  /** Shows a route, now or in the first window; null is the window as it is. */
  go(route: string | null): void {
    if (this.#isOpen) this.#show(route);
    else this.#route = route ?? this.#route;
  }

  /** From now on windows can be opened. @returns the route of the first one, null for its first screen */
  open(): string | null {
    this.#isOpen = true;
    return this.#route;
  }
}
