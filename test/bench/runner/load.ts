/** One load of no-op jobs on one server, ready to be run. */
export interface Load {
  /** Begins to work. @returns milliseconds until the last job was done and everything about it written */
  run(): Promise<number>;
  /** Throws where not everything came out as it should: a figure counts only where it did. */
  check(): Promise<void>;
  /** Removes what it made and closes its connections. */
  close(): Promise<void>;
}

/** How much, and how many jobs at once. */
export interface LoadOptions {
  readonly uri: string;
  readonly jobs: number;
  readonly concurrency: number;
}
