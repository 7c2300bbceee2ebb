/** What a subcommand is given by the program that it is part of. */
export interface CommandContext {
  /** Aborted when the person or the system wants the program to end. */
  readonly signal: AbortSignal;
  /** Sets the status with which the program ends. */
  readonly exit: (status: number) => void;
}
