import module from 'node:module';

/**
 * Keeps what this process has compiled so far for those after it. Node does so at the end of a process; one that is always killed leaves
 * nothing, and each of its kind would compile all of it again.
 */
export function keepCompiled(): void {
  module.flushCompileCache();
}
