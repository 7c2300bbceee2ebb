import { createServer } from 'node:net';
import type { Doc } from '#sandbox/semantics/values.ts';
import { listenOnLoopback } from '#sandbox/loopback.ts';
import { Connection } from '#sandbox/wire/connection.ts';
import { documentOf } from './workloads.ts';

/**
 * A server with the sandbox's protocol that keeps nothing and looks at nothing: each command has an answer that stands. What a client waits
 * for here it waits for on any server. Prints its port.
 */
const MODIFIED = { lastErrorObject: { n: 1, updatedExisting: true }, value: { ...documentOf(0), count: 1 }, ok: 1 };
const HELLO = {
  isWritablePrimary: true,
  setName: 'empty',
  minWireVersion: 0,
  maxWireVersion: 21,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  logicalSessionTimeoutMinutes: 30,
  ok: 1,
};

function answerTo(body: Doc, host: string): Doc {
  const [name] = Object.keys(body);
  if (name === 'findAndModify') return MODIFIED;
  if (name === 'insert') return { n: Array.isArray(body['documents']) ? body['documents'].length : 0, ok: 1 };
  return name === 'ping' ? { ok: 1 } : { ...HELLO, hosts: [host], primary: host, me: host };
}

let host = '';
const executor = { run: (_db: string, body: Doc) => Promise.resolve(answerTo(body, host)) };
let connections = 0;
const server = createServer((socket) => {
  connections += 1;
  new Connection(socket, executor, connections, () => undefined);
});
const port = await listenOnLoopback(server, 0);
host = `127.0.0.1:${port}`;
console.log(port);
