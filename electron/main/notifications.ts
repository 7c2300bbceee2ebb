import { Notification } from 'electron';

/** What somebody is told on the desktop, and where in the window it leads. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  readonly route: string;
}

/** The most notifications that are kept from being collected while they stand on the desktop. */
const SHOWN_MAX = 20;

/** Notifications of the system. Where the system has none they are left out: the window shows the same. */
export class Notifications {
  readonly #open: (route: string) => void;
  readonly #shown: Notification[] = [];

  /** @param open called with the route when a notification is clicked */
  constructor(open: (route: string) => void) {
    this.#open = open;
  }

  /** @returns false where the system shows none */
  show({ title, body, route }: Notice): boolean {
    if (!Notification.isSupported()) return false;
    const notification = new Notification({ title, body });
    notification.on('click', () => this.#open(route));
    // Without a reference it may be collected before it is clicked (electron/electron#12690).
    this.#shown.push(notification);
    if (this.#shown.length > SHOWN_MAX) this.#shown.shift();
    notification.show();
    return true;
  }
}
