import { labelOf } from '#store/server-address.ts';
import type { EngineConfig } from './messages.ts';

/** What the copy and everything else on this machine is about: a label of deployment and database, no secret. */
export function sourceOf({ mongodbUri, dbName }: Pick<EngineConfig, 'mongodbUri' | 'dbName'>): string {
  if (mongodbUri === null) return 'sandbox';
  const label = labelOf(mongodbUri, dbName);
  return label.ok ? label.value : 'unknown';
}
