import type { ParentPort } from './port.ts';

/**
 * The port to the process that started this one: `process.parentPort`, which Electron gives a utility process.
 * Throws where there is none, because nothing could ever be asked of such an engine.
 */
export function parentPortOf(from: object): ParentPort {
  const port: unknown = 'parentPort' in from ? from.parentPort : undefined;
  if (!isParentPort(port)) throw new Error('The engine runs only as the utility process of Runledger.');
  return port;
}

function isParentPort(value: unknown): value is ParentPort {
  return typeof value === 'object' && value !== null && 'on' in value && 'postMessage' in value;
}
