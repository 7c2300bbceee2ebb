import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Doc } from '../../conformance/doc.ts';
import { readUnifiedFile } from '../../conformance/unified-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unified-'));
});
afterAll(() => rm(folder, { recursive: true }));

const FIND = { name: 'find', object: 'items', arguments: { filter: {} } };

function read(file: Doc): Promise<unknown> {
  const path = join(folder, 'file.json');
  return writeFile(path, JSON.stringify(file)).then(() => readUnifiedFile(path));
}

function fileOf(more: Doc): Doc {
  return { description: 'a file', schemaVersion: '1.28', tests: [{ description: 'a test', operations: [] }], ...more };
}

const testOf = (more: Doc): Doc => fileOf({ tests: [{ description: 'a test', operations: [], ...more }] });
const operationOf = (more: Doc): Doc => testOf({ operations: [{ ...FIND, ...more }] });
const clientOf = (more: Doc): Doc => fileOf({ createEntities: [{ client: { id: 'client', ...more } }] });
const collectionOf = (options: Doc): Doc =>
  fileOf({
    createEntities: [{ collection: { id: 'c', database: 'd', collectionName: 'c', collectionOptions: options } }],
  });
const dataOf = (more: Doc): Doc =>
  fileOf({ initialData: [{ databaseName: 'd', collectionName: 'c', documents: [], ...more }] });
const eventsOf = (more: Doc): Doc => testOf({ expectEvents: [{ client: 'client', events: [], ...more }] });
const encryptionOf = (kmsProviders: unknown): Doc => {
  const clientEncryptionOpts = { keyVaultClient: 'client', keyVaultNamespace: 'keys.vault', kmsProviders };
  return fileOf({ createEntities: [{ clientEncryption: { id: 'encryption', clientEncryptionOpts } }] });
};

describe('a file of unified tests is read', () => {
  it.each<[string, Doc]>([
    ['with as little as there may be', fileOf({})],
    ['with anchors of another format', fileOf({ _yamlAnchors: { a: 1 } })],
    ['with what it needs of a server', fileOf({ runOnRequirements: [{ minServerVersion: '4.4', csfle: true }] })],
    ['with a client of every kind of option', clientOf({ observeEvents: ['poolReadyEvent'], awaitMinPoolSizeMS: 5 })],
    ['with a provider of a name of its own', encryptionOf({ 'aws:one': { accessKeyId: { $$placeholder: 1 } } })],
    ['with events of commands', eventsOf({ events: [{ commandStartedEvent: { command: { a: 1 } } }] })],
    ['with events of a pool', eventsOf({ eventType: 'cmap', events: [{ poolReadyEvent: {} }] })],
    ['with an error', operationOf({ expectError: { isError: true } })],
    [
      'with spans within spans',
      testOf({ expectTracingMessages: [tracing({ nested: [{ name: 'b', attributes: {} }] })] }),
    ],
  ])('%s', async (_what, file) => {
    await expect(read(file)).resolves.toMatchObject({ description: 'a file' });
  });
});

function tracing(more: Doc): Doc {
  return { client: 'client', spans: [{ name: 'a', attributes: {}, ...more }] };
}

describe('a file of unified tests is refused', () => {
  it.each<[string, Doc]>([
    ['without a description', { schemaVersion: '1.0', tests: [] }],
    ['of another version', fileOf({ schemaVersion: '2.0' })],
    ['of a version that is none', fileOf({ schemaVersion: '1' })],
    ['without tests', fileOf({ tests: [] })],
    ['with a field that it does not have', fileOf({ foo: 0 })],
    ['with no requirement', fileOf({ runOnRequirements: [] })],
    ['with a requirement of nothing', fileOf({ runOnRequirements: [{}] })],
    ['with another topology', fileOf({ runOnRequirements: [{ topologies: ['foo'] }] })],
    ['with a requirement that nobody knows', fileOf({ runOnRequirements: [{ foo: 1 }] })],
    ['with no entity', fileOf({ createEntities: [] })],
    ['with two entities in one', fileOf({ createEntities: [{ thread: { id: 'a' }, client: { id: 'b' } }] })],
    ['with an entity of another kind', fileOf({ createEntities: [{ stream: { id: 'a', hexBytes: '00' } }] })],
    ['with a client of no name', fileOf({ createEntities: [{ client: {} }] })],
    ['with a client of another option', clientOf({ foo: 0 })],
    ['with a client that observes nothing', clientOf({ observeEvents: [] })],
    ['with a client that observes what there is not', clientOf({ observeEvents: ['fooEvent'] })],
    [
      'with a client that stores what there is not',
      clientOf({ storeEventsAsEntities: [{ id: 'a', events: ['foo'] }] }),
    ],
    ['with a log of nothing', clientOf({ observeLogMessages: {} })],
    ['with a log of another level', clientOf({ observeLogMessages: { command: 'foo' } })],
    ['with an API of no version', clientOf({ serverApi: { strict: true } })],
    ['with another option of a collection', collectionOf({ foo: 1 })],
    ['with a time limit of half a millisecond', collectionOf({ timeoutMS: 0.5 })],
    ['with another provider of keys', encryptionOf({ foo: {} })],
    ['with another field of a provider', encryptionOf({ local: { foo: 'a' } })],
    ['with no data', fileOf({ initialData: [] })],
    ['with data of no documents', dataOf({ documents: [1] })],
    ['with data of another field', dataOf({ collectionOptions: {} })],
    ['with data of a write concern of its own', dataOf({ createOptions: { writeConcern: { w: 1 } } })],
    ['with another field of a test', testOf({ foo: 0 })],
    ['with an operation of no object', testOf({ operations: [{ name: 'find' }] })],
    ['with an error and a result', operationOf({ expectError: { isError: true }, expectResult: 1 })],
    ['with an error to keep', operationOf({ expectError: { isError: true }, saveResultAsEntity: 'a' })],
    ['with a result that is ignored', operationOf({ ignoreResultAndError: false, expectResult: 1 })],
    ['with an error of nothing', operationOf({ expectError: {} })],
    ['with an error that is none', operationOf({ expectError: { isError: false } })],
    ['with no labels', operationOf({ expectError: { errorLabelsOmit: [] } })],
    ['with events of nobody', testOf({ expectEvents: [{ events: [] }] })],
    ['with events of another kind', eventsOf({ eventType: 'foo' })],
    ['with events of a pool among commands', eventsOf({ events: [{ poolReadyEvent: {} }] })],
    ['with two events in one', eventsOf({ events: [{ commandStartedEvent: {}, commandFailedEvent: {} }] })],
    ['with another field of an event', eventsOf({ events: [{ commandStartedEvent: { foo: 0 } }] })],
    ['with no spans', testOf({ expectTracingMessages: [{ client: 'client', spans: [] }] })],
    [
      'with a span of no name in another',
      testOf({ expectTracingMessages: [tracing({ nested: [{ attributes: {} }] })] }),
    ],
    ['with no outcome', testOf({ outcome: [] })],
  ])('%s', async (_what, file) => {
    await expect(read(file)).rejects.toThrow(/not a unified test file|is not spoken/);
  });
});
