import { describeMismatch, show } from './match.ts';
import type { MatchContext } from './match-context.ts';
import type { ObservedClient, ObservedEvent } from './observed-client.ts';
import { isDoc, type Doc } from './doc.ts';
import type { ExpectedEvents } from './unified-file.ts';

/** Compares what a client observed with what it was to observe. @returns null where it matches */
export function describeEventsMismatch(
  expected: ExpectedEvents,
  client: ObservedClient,
  context: MatchContext,
): string | null {
  const observed = client.eventsOf(expected.eventType ?? 'command');
  for (const [at, event] of expected.events.entries()) {
    const found = describeEventMismatch(event, observed[at], context);
    if (found !== null) return `event ${at} of ${expected.client}: ${found}`;
  }
  const extra = observed.length - expected.events.length;
  if (extra <= 0 || expected.ignoreExtraEvents === true) return null;
  return `${expected.client} observed ${extra} events more than expected: ${namesOf(observed.slice(expected.events.length))}`;
}

function namesOf(events: readonly ObservedEvent[]): string {
  return events.map((one) => `${one.type} ${String(Reflect.get(one.event, 'commandName') ?? '')}`.trim()).join(', ');
}

/** Compares one event. @returns null where it matches */
export function describeEventMismatch(
  expected: Doc,
  observed: ObservedEvent | undefined,
  context: MatchContext,
): string | null {
  const [type = ''] = Object.keys(expected);
  const fields = expected[type];
  if (observed === undefined) return `${type} was not observed`;
  if (observed.type !== type) {
    return `expected ${type} ${isDoc(fields) ? show(fields['commandName']) : ''}, observed ${namesOf([observed])}`;
  }
  for (const [name, value] of Object.entries(isDoc(fields) ? fields : {})) {
    const found = fieldMismatch(name, value, observed.event, context);
    if (found !== null) return `${type}.${name}: ${found}`;
  }
  return null;
}

function fieldMismatch(name: string, expected: unknown, event: object, context: MatchContext): string | null {
  switch (name) {
    case 'hasServiceId':
      return hasField(event, 'serviceId', expected);
    case 'hasServerConnectionId':
      return hasField(event, 'serverConnectionId', expected);
    case 'previousDescription':
    case 'newDescription':
      return descriptionMismatch(name, expected, event);
    default:
      return describeMismatch(expected, Reflect.get(event, name), context);
  }
}

function hasField(event: object, name: string, expected: unknown): string | null {
  const value: unknown = Reflect.get(event, name);
  const isThere = value !== undefined && value !== null;
  return isThere === expected ? null : `${name} is ${isThere ? '' : 'not '}there`;
}

/** Descriptions are compared by their type only: nothing else of them is in the format. */
function descriptionMismatch(name: string, expected: unknown, event: object): string | null {
  const description: unknown = Reflect.get(event, name);
  const type: unknown =
    typeof description === 'object' && description !== null ? Reflect.get(description, 'type') : undefined;
  const wanted = isDoc(expected) ? expected['type'] : undefined;
  return wanted === undefined || wanted === type ? null : `${show(type)} instead of ${show(wanted)}`;
}
