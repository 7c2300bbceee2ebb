/** The application's identity on each system: the bundle's on macOS, and on Windows that of its start menu entry. */
export const APP_ID = 'com.runledger.console';

/** The scheme of addresses that open something in the application. */
export const LINK_SCHEME = 'runledger';
