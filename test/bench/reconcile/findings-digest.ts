import { createHash } from 'node:crypto';

/** SHA-256 over sorted findings. */
export function digestOf(findings: readonly string[]): string {
  const hash = createHash('sha256');
  for (const finding of findings) hash.update(`${finding}\n`);
  return hash.digest('hex');
}
