import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUESTS, requestNameSchema, type RequestName } from '#contract/requests.ts';
import type { RequestDefinition } from '#contract/requests/definition.ts';
import { toWindowSchema } from '#contract/wire.ts';
import { PERMISSIONS_OF, type Role } from '#domain/people.ts';
import type { Engine } from '#engine/engine.ts';
import type { EnginePort } from '#engine/port.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { mutationOf, sampleOf } from '../../support/schema-sample.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

/** How many messages; `HOSTILE_MESSAGES=100000` takes ten minutes on a busy machine. */
const MESSAGES = Number(process.env['HOSTILE_MESSAGES'] ?? 8000);
/** In milliseconds: so many messages take their time. */
const TIMEOUT_MS = 120_000 + MESSAGES * 20;
const SEED = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 2 ** 31);

/** The roles that do not include everything. */
const NARROW_ROLES = ['viewer', 'support', 'finance'] as const;

let server: TestServer;
let folder: string;
/** Not listed among the people: may look and nothing else. */
let intruder: Engine;
/** May do everything that a person can. */
let owner: Engine;
const engines: Engine[] = [];

beforeAll(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-hostile-'));
  const store = await server.openStore();
  const by = { since: new Date(), by: 'owner' };
  expectOk(await store.people.save({ _id: 'owner', role: 'founder', ...by }));
  for (const role of ['support', 'finance'] as const) expectOk(await store.people.save({ _id: role, role, ...by }));
  intruder = await openEngine('intruder');
  owner = await openEngine('owner');
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

async function openEngine(personName: string): Promise<Engine> {
  const engine = consoleEngine(
    { dataDir: path.join(folder, personName), mongodbUri: server.uri, dbName: server.dbName, personName },
    (line, cause) => {
      if (line.includes('unexpectedly')) console.error(line, cause);
    },
  );
  engines.push(engine);
  expectOk(await engine.start());
  return engine;
}

/** The port of a window that is in somebody else's hands: sends whatever it is given and keeps every answer. */
class HostilePort {
  readonly answers = new Map<number, { readonly type: string; readonly code: string | null }[]>();
  #deliver: (event: { readonly data: unknown }) => void = () => undefined;

  constructor(target: Engine) {
    const port: EnginePort = {
      on: (event: 'message' | 'close', listener: (message: { readonly data: unknown }) => void) => {
        if (event === 'message') this.#deliver = listener;
      },
      postMessage: (message) => this.#receive(structuredClone(message)),
      start: () => undefined,
      close: () => undefined,
    };
    target.connect(port);
  }

  send(data: unknown): void {
    this.#deliver({ data });
  }

  #receive(raw: unknown): void {
    const message = toWindowSchema.parse(raw);
    if (message.type === 'events') return;
    const code = message.type === 'failure' ? message.error.code : null;
    this.answers.set(message.id, [...(this.answers.get(message.id) ?? []), { type: message.type, code }]);
  }

  async answered(id: number): Promise<void> {
    while (!this.answers.has(id)) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Everything on the server but the audit, which is meant to grow. */
async function contentOfServer(): Promise<string> {
  const db = server.client.db(server.dbName);
  const names = (await db.listCollections().toArray())
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('console_audit'));
  const documents = await Promise.all(
    names.sort().map(async (name) => [name, await db.collection(name).find().toArray()]),
  );
  return JSON.stringify(documents);
}

async function connectTo(engine: Engine, role: Role): Promise<HostilePort> {
  const port = new HostilePort(engine);
  for (let id = 1_000_000; ; id += 1) {
    port.send({ type: 'request', id, name: 'people.list', params: {} });
    await port.answered(id);
    const status = engine.status;
    if (status.connection.state === 'connected' && status.person.role === role) return port;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const requests = requestNameSchema.options.map((name) => ({ name, params: sampleOf(REQUESTS[name].params) }));
const honest = fc
  .constantFrom(...requests)
  .chain(({ name, params }) => params.map((sample) => ({ name, params: sample })));
const mutated = fc
  .constantFrom(...requests)
  .chain(({ name, params }) => mutationOf(params).map((sample) => ({ name, params: sample })));
const misnamed = fc.record({
  name: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'status.get ', 'job.delete')),
  params: fc.anything(),
});

/** Sends so many messages, each after the answer to the one before, and holds every answer to what was promised. @returns how many were answered */
async function bombard(port: HostilePort, messages: number): Promise<number> {
  let id = 0;
  let answeredCount = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, honest, misnamed), async ({ name, params }) => {
      id += 1;
      port.send({ type: 'request', id, name, params });
      if (name.length > 100) return;
      await port.answered(id);
      answeredCount += 1;
      const answers = port.answers.get(id) ?? [];
      expect(answers).toHaveLength(1);
      expect(answers[0]?.code).not.toBe('internal');
    }),
    { numRuns: messages, seed: SEED },
  );
  return answeredCount;
}

describe(`a window in somebody else's hands (seed ${SEED}, ${MESSAGES} messages)`, { timeout: TIMEOUT_MS }, () => {
  it('gets one answer to each request, result or typed error, and changes nothing on the server', async () => {
    const port = await connectTo(intruder, 'viewer');
    const before = await contentOfServer();
    expect(await bombard(port, MESSAGES)).toBeGreaterThan(MESSAGES / 2);
    expect(await contentOfServer()).toBe(before);
  });

  it('crashes nothing where its role includes everything', async () => {
    // Fewer of them: what is recorded waits for the disk each time.
    expect(await bombard(await connectTo(owner, 'founder'), Math.ceil(MESSAGES / 8))).toBeGreaterThan(MESSAGES / 16);
  });

  it.each(NARROW_ROLES)(
    'is refused whatever the role %s does not include, before its parameters are looked at',
    async (role) => {
      const port = await connectTo(role === 'viewer' ? intruder : await openEngine(role), role);
      const isForbidden = (name: RequestName): boolean => {
        const definition: RequestDefinition = REQUESTS[name];
        return !PERMISSIONS_OF[role].includes(definition.permission);
      };
      const forbidden = requestNameSchema.options.filter(isForbidden);
      expect(forbidden.length).toBeGreaterThan(5);
      for (const [id, name] of forbidden.entries()) {
        port.send({ type: 'request', id, name, params: { nonsense: true } });
        await port.answered(id);
        expect([name, port.answers.get(id)]).toEqual([name, [{ type: 'failure', code: 'permission_denied' }]]);
      }
    },
  );

  it('is not harmed or slowed by messages that are none of the contract', async () => {
    const port = await connectTo(intruder, 'viewer');
    fc.assert(
      fc.property(
        fc.anything({ maxDepth: 4, withBigInt: true, withNullPrototype: true, withSparseArray: true }),
        (message) => {
          port.send(message);
        },
      ),
      { numRuns: Math.min(MESSAGES, 5000), seed: SEED },
    );
    port.send({ type: 'request', id: 7, name: 'status.get', params: {} });
    await port.answered(7);
    expect(port.answers.get(7)).toEqual([{ type: 'result', code: null }]);
  });
});
