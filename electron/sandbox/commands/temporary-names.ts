import { randomBytes } from 'node:crypto';

/** A name like those of MongoDB's collections that stand until they get another one. */
export function temporaryName(purpose: string): string {
  return `tmp${randomBytes(3).toString('hex').slice(1)}.${purpose}`;
}
