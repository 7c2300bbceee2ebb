import { z } from 'zod';
import { doc, type Doc } from './doc.ts';

const flag = z.boolean().optional();
const text = z.string().optional();
const ofCommand = { commandName: text, databaseName: text, hasServiceId: flag, hasServerConnectionId: flag };
const awaited = z.strictObject({ awaited: flag });
const reasoned = z.strictObject({ reason: text });
const bare = z.strictObject({});

const serverType = z.enum([
  'Standalone',
  'Mongos',
  'PossiblePrimary',
  'RSPrimary',
  'RSSecondary',
  'RSOther',
  'RSArbiter',
  'RSGhost',
  'LoadBalancer',
  'Unknown',
]);
const topologyType = z.enum([
  'Single',
  'Unknown',
  'ReplicaSetNoPrimary',
  'ReplicaSetWithPrimary',
  'Sharded',
  'LoadBalanced',
]);

function changed<Type extends z.ZodType>(type: Type): z.ZodType {
  const description = z.strictObject({ type: type.optional() }).optional();
  return z.strictObject({ previousDescription: description, newDescription: description });
}

/** What may be said of each event, by its kind and name. */
const EVENTS = {
  command: {
    commandStartedEvent: z.strictObject({ ...ofCommand, command: doc.optional() }),
    commandSucceededEvent: z.strictObject({ ...ofCommand, reply: doc.optional() }),
    commandFailedEvent: z.strictObject(ofCommand),
  },
  cmap: {
    poolCreatedEvent: bare,
    poolReadyEvent: bare,
    poolClearedEvent: z.strictObject({ hasServiceId: flag, interruptInUseConnections: flag }),
    poolClosedEvent: bare,
    connectionCreatedEvent: bare,
    connectionReadyEvent: bare,
    connectionClosedEvent: reasoned,
    connectionCheckOutStartedEvent: bare,
    connectionCheckOutFailedEvent: reasoned,
    connectionCheckedOutEvent: bare,
    connectionCheckedInEvent: bare,
    connectionPendingResponseStarted: bare,
    connectionPendingResponseSucceeded: bare,
    connectionPendingResponseFailed: reasoned,
  },
  sdam: {
    serverDescriptionChangedEvent: changed(serverType),
    topologyDescriptionChangedEvent: changed(topologyType),
    serverHeartbeatStartedEvent: awaited,
    serverHeartbeatSucceededEvent: awaited,
    serverHeartbeatFailedEvent: awaited,
    topologyOpeningEvent: bare,
    topologyClosedEvent: bare,
  },
} as const;

function oneOf(kind: keyof typeof EVENTS): z.ZodType<Doc> {
  const known = Object.entries<z.ZodType>(EVENTS[kind]);
  return z.union(
    known.map(([name, fields]) => z.strictObject({ [name]: fields })),
    `no ${kind} event of the format`,
  );
}

function eventsOf(kind: keyof typeof EVENTS): z.ZodType<Doc[]> {
  return z.array(oneOf(kind));
}

const ofClient = { client: z.string(), ignoreExtraEvents: flag };

/** What a client is to have observed of one kind of events; commands unless it says another. */
export const expectedEvents = z.union(
  [
    z.strictObject({ ...ofClient, eventType: z.literal('command').optional(), events: eventsOf('command') }),
    z.strictObject({ ...ofClient, eventType: z.literal('cmap'), events: eventsOf('cmap') }),
    z.strictObject({ ...ofClient, eventType: z.literal('sdam'), events: eventsOf('sdam') }),
    z.strictObject({
      ...ofClient,
      eventType: z.literal('all'),
      events: z.array(z.union([oneOf('command'), oneOf('cmap'), oneOf('sdam')])),
    }),
  ],
  'no expected events of the format',
);
