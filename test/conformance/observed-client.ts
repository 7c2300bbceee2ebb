import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient, ReadConcernLevel, ServerApiVersion, type MongoClientOptions } from 'mongodb';
import { z } from 'zod';
import type { Doc } from './doc.ts';
import { clientSpec } from './entity-schema.ts';

const POLL_MS = 5;

/** One event that a client gave out. */
export interface ObservedEvent {
  /** The format's name of it, such as `commandStartedEvent`. */
  readonly type: string;
  readonly event: object;
}

/** The driver's name for each event of the format, by kind. */
const EVENT_NAMES = {
  command: ['commandStarted', 'commandSucceeded', 'commandFailed'],
  cmap: [
    'connectionPoolCreated',
    'connectionPoolReady',
    'connectionPoolCleared',
    'connectionPoolClosed',
    'connectionCreated',
    'connectionReady',
    'connectionClosed',
    'connectionCheckOutStarted',
    'connectionCheckOutFailed',
    'connectionCheckedOut',
    'connectionCheckedIn',
  ],
  sdam: [
    'serverDescriptionChanged',
    'topologyDescriptionChanged',
    'topologyOpening',
    'topologyClosed',
    'serverOpening',
    'serverClosed',
    'serverHeartbeatStarted',
    'serverHeartbeatSucceeded',
    'serverHeartbeatFailed',
  ],
} as const;

/** The kind of events that one belongs to by the format's name of it. */
function eventKindOf(type: string): keyof typeof EVENT_NAMES | null {
  const name = driverNameOf(type);
  for (const kind of ['command', 'cmap', 'sdam'] as const) {
    if (EVENT_NAMES[kind].some((one) => one === name)) return kind;
  }
  return null;
}

/** `poolClearedEvent` is called `connectionPoolCleared` by the driver; all others differ by the ending only. */
function driverNameOf(type: string): string {
  const base = type.replace(/Event$/, '');
  return base.startsWith('pool') ? `connectionP${base.slice(1)}` : base;
}

/** Commands that carry secrets; the format leaves them out unless they are asked for. */
const SENSITIVE = new Set([
  'authenticate',
  'saslStart',
  'saslContinue',
  'getnonce',
  'createUser',
  'updateUser',
  'copydbgetnonce',
  'copydbsaslstart',
  'copydb',
]);
const HANDSHAKES = new Set(['hello', 'isMaster', 'ismaster']);

/** A client of a test, with all that it was told to observe. */
export class ObservedClient {
  readonly client: MongoClient;
  readonly events: ObservedEvent[] = [];
  /** Lists that fill with the events that an entity is to hold, by its name. */
  readonly storedEvents = new Map<string, Doc[]>();
  readonly #types: ReadonlySet<string>;
  readonly #ignored: ReadonlySet<string>;
  readonly #observesSensitive: boolean;
  readonly #stored: readonly { readonly id: string; readonly events: readonly string[] }[];
  #isObserving = true;
  readonly #fillMs: number | null;
  #ready = 0;
  /** Connections that are checked out right now. */
  checkedOut = 0;

  /** @param given the `client` entity of a test file. Throws where it is none. */
  constructor(uri: string, given: unknown) {
    const spec = clientSpec.parse(given);
    this.#types = new Set(spec.observeEvents?.map(driverNameOf));
    this.#ignored = new Set(['configureFailPoint', ...(spec.ignoreCommandMonitoringEvents ?? [])]);
    this.#observesSensitive = spec.observeSensitiveCommands === true;
    this.#stored = spec.storeEventsAsEntities ?? [];
    for (const { id } of this.#stored) this.storedEvents.set(id, []);
    this.#fillMs = spec.awaitMinPoolSizeMS ?? null;
    this.client = new MongoClient(uri, optionsOf(spec));
    for (const name of [...EVENT_NAMES.command, ...EVENT_NAMES.cmap, ...EVENT_NAMES.sdam]) {
      this.client.on(name, (event: object) => this.#take(name, event));
    }
  }

  /** Connects, and waits for a pool that is to be filled first; what was seen of that is forgotten. Rejects where that takes too long. */
  async connect(): Promise<void> {
    await this.client.connect();
    if (this.#fillMs === null) return;
    const deadline = performance.now() + this.#fillMs;
    while (this.#ready < this.client.options.minPoolSize) {
      if (performance.now() > deadline) throw new Error(`the pool was not filled in ${this.#fillMs} ms`);
      await delay(POLL_MS);
    }
    this.events.length = 0;
  }

  /** What was seen until now no longer changes: the test is over. */
  stopObserving(): void {
    this.#isObserving = false;
  }

  /** The events of a kind, in the order in which they were observed. */
  eventsOf(kind: 'command' | 'cmap' | 'sdam' | 'all'): readonly ObservedEvent[] {
    return kind === 'all' ? this.events : this.events.filter((one) => eventKindOf(one.type) === kind);
  }

  #take(name: string, event: object): void {
    if (name === 'connectionReady') this.#ready += 1;
    if (name === 'connectionCheckedOut') this.checkedOut += 1;
    if (name === 'connectionCheckedIn') this.checkedOut -= 1;
    this.#store(name, event);
    if (!this.#isObserving || !this.#types.has(name)) return;
    if (eventKindOf(name) === 'command' && this.#isHidden(event)) return;
    this.events.push({ type: formatNameOf(name), event });
  }

  #store(driverName: string, event: object): void {
    const formatName = formatNameOf(driverName);
    const name = formatName.charAt(0).toUpperCase() + formatName.slice(1);
    for (const { id, events } of this.#stored)
      if (events.includes(name)) this.storedEvents.get(id)?.push({ name, observedAt: Date.now() / 1000, ...event });
  }

  #isHidden(event: object): boolean {
    const command = String(Reflect.get(event, 'commandName'));
    if (this.#ignored.has(command)) return true;
    if (this.#observesSensitive) return false;
    if (SENSITIVE.has(command)) return true;
    const body: unknown = Reflect.get(event, 'command') ?? Reflect.get(event, 'reply');
    // A handshake that also logs in was emptied by the driver.
    return HANDSHAKES.has(command) && (typeof body !== 'object' || body === null || Object.keys(body).length === 0);
  }
}

function formatNameOf(name: string): string {
  return `${name.startsWith('connectionPool') ? `pool${name.slice('connectionPool'.length)}` : name}Event`;
}

function optionsOf(spec: z.infer<typeof clientSpec>): MongoClientOptions {
  const { uriOptions = {}, serverApi } = spec;
  const options: MongoClientOptions & { readonly __skipPingOnConnect: boolean } = {
    monitorCommands: true,
    // Else this driver checks a connection out and in when it connects, which no test expects.
    __skipPingOnConnect: true,
    ...readConcernOf(uriOptions),
    ...uriOptions,
    // Heartbeats of the usual ten seconds would make a test that waits for one wait as long.
    ...(uriOptions['heartbeatFrequencyMS'] === undefined ? {} : { minHeartbeatFrequencyMS: 50 }),
  };
  Reflect.deleteProperty(options, 'readConcernLevel');
  if (serverApi !== undefined) {
    if (serverApi.version !== '1') throw new Error(`the server API ${serverApi.version} is not known`);
    options.serverApi = { ...plainApi(serverApi), version: ServerApiVersion.v1 };
  }
  return options;
}

function plainApi(api: { readonly strict?: boolean | undefined; readonly deprecationErrors?: boolean | undefined }): {
  strict?: boolean;
  deprecationErrors?: boolean;
} {
  return {
    ...(api.strict === undefined ? {} : { strict: api.strict }),
    ...(api.deprecationErrors === undefined ? {} : { deprecationErrors: api.deprecationErrors }),
  };
}

function readConcernOf(uriOptions: Doc): MongoClientOptions {
  const level = uriOptions['readConcernLevel'];
  return level === undefined ? {} : { readConcern: { level: z.enum(ReadConcernLevel).parse(level) } };
}
