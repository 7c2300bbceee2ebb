/** One load of no-op jobs on one server, ready to be run. */
export interface Load {
  /** Begins to work. @returns milliseconds until the last job was done and everything about it written */
  run(): Promise<number>;
  /** Throws where not everything came out as it should: a figure counts only where it did. @returns how many jobs were done */
  check(): Promise<number>;
  /** Removes what it made and closes its connections. */
  close(): Promise<void>;
}

/** How much, and how many jobs at once. */
export interface LoadOptions {
  readonly uri: string;
  readonly jobs: number;
  readonly concurrency: number;
}

export type Prepare = (options: LoadOptions) => Promise<Load>;

/** A system that is ordered from one job after the other, and tells of each when it began. */
export interface Stream {
  /** Hands one job in; resolves when it was acknowledged. */
  enqueue(id: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a system with nothing to do. @param onStarted called with the id of each job the moment its work begins */
export type OpenStream = (uri: string, onStarted: (id: string) => void) => Promise<Stream>;
