/**
 * Ends this process when the one that started it is gone, however that went: then the pipe of the standard input, on which nothing is ever
 * said, comes to its end. It keeps no process alive whose work is done.
 */
export function endWithParent(): void {
  process.stdin.once('end', () => process.kill(process.pid, 'SIGKILL'));
  process.stdin.resume().unref();
}
