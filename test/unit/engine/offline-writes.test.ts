import { describe, expect, it } from 'vitest';
import { OFFLINE_WRITES, offlineRefusalOf } from '#contract/offline-writes.ts';
import { draftContentSchema } from '#contract/own-views.ts';
import type { RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, requestNameSchema } from '#contract/requests.ts';

describe('what becomes of a write while the server is away', () => {
  it('is said of every request that writes, and of no other', () => {
    const writing = requestNameSchema.options.filter((name) => {
      const { writes }: RequestDefinition = REQUESTS[name];
      return writes !== false;
    });
    expect(new Set(Object.keys(OFFLINE_WRITES))).toEqual(new Set(writing));
  });

  it('is a draft of every kind that a draft can be kept of, each sent by one request', () => {
    const kinds = Object.values(OFFLINE_WRITES).flatMap((offline) => (offline.as === 'draft' ? [offline.kind] : []));
    const kept = draftContentSchema.options.map(({ shape }) => shape.kind.value);
    expect(kinds.toSorted()).toEqual(kept.toSorted());
  });

  it('is refused with a reason where no draft is kept, and never where one is or it is done here', () => {
    const told = Object.fromEntries(requestNameSchema.options.map((name) => [name, offlineRefusalOf(name)]));
    const refused = Object.entries(OFFLINE_WRITES).flatMap(([name, offline]) =>
      offline.as === 'refused' ? [[name, { cause: 'offline', detail: offline.why }] as const] : [],
    );
    expect(refused.length).toBeGreaterThan(0);
    expect(told).toEqual({
      ...Object.fromEntries(requestNameSchema.options.map((name) => [name, null])),
      ...Object.fromEntries(refused),
    });
  });
});
