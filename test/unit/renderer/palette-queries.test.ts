import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, describe, expect, it } from 'vitest';
import { err } from '#domain/result.ts';
import type { EngineClient } from '../../../renderer/state/engine-client.ts';
import { EngineFailure } from '../../../renderer/state/engine-failure.ts';
import { foundBy, foundJobsOf, foundOwnersOf } from '../../../renderer/state/palette-queries.ts';

const asked: { readonly name: string; readonly params: unknown }[] = [];
/** Answers everything as a console from which texts are hidden does. */
const engine: EngineClient = {
  call: async (name, params) => {
    asked.push({ name, params });
    return err({ code: 'search_hidden', detail: null });
  },
  subscribe: () => () => undefined,
};
const queries = new QueryClient();
afterEach(() => {
  asked.length = 0;
  queries.clear();
});

const NONE = { data: undefined, error: null, isLoading: false };
const OWNERS = { data: { workspaceIds: ['acorn'], userIds: [] }, error: null, isLoading: false };
const HIDDEN = new EngineFailure({ code: 'search_hidden', detail: null });

const LATER = ['acorn', 'a', ''];

describe('the questions of the palette', () => {
  it('show no answer to the letters before, neither for more letters nor for too few', () => {
    const jobs = foundJobsOf(engine, 'acor');
    const owners = foundOwnersOf(engine, 'acor');
    queries.setQueryData(jobs.queryKey, []);
    queries.setQueryData(owners.queryKey, OWNERS.data);
    const ofJobs = new QueryObserver(queries, jobs);
    const ofOwners = new QueryObserver(queries, owners);
    const ends = [ofJobs.subscribe(() => undefined), ofOwners.subscribe(() => undefined)];
    expect([ofJobs.getCurrentResult().data, ofOwners.getCurrentResult().data]).toEqual([[], OWNERS.data]);
    for (const text of LATER) {
      ofJobs.setOptions(foundJobsOf(engine, text));
      ofOwners.setOptions(foundOwnersOf(engine, text));
      expect([ofJobs.getCurrentResult().data, ofOwners.getCurrentResult().data]).toEqual([undefined, undefined]);
    }
    for (const end of ends) end();
  });

  it('are not asked of one letter', () => {
    const ofJobs = new QueryObserver(queries, foundJobsOf(engine, 'a'));
    const ofOwners = new QueryObserver(queries, foundOwnersOf(engine, 'a'));
    const ends = [ofJobs.subscribe(() => undefined), ofOwners.subscribe(() => undefined)];
    expect(asked).toEqual([]);
    for (const end of ends) end();
  });

  it('are not asked again by themselves where they were refused', async () => {
    const ends: (() => void)[] = [];
    const failure = await new Promise<Error>((resolve) => {
      const observer = new QueryObserver(queries, foundJobsOf(engine, 'ac'));
      ends.push(observer.subscribe(({ error }) => error !== null && resolve(error)));
    });
    expect(failure).toEqual(HIDDEN);
    expect(asked.map(({ name }) => name)).toEqual(['jobs.page']);
    for (const end of ends) end();
  });
});

describe('what was found', () => {
  it('is shown when all of it was answered, so that no row moves under who presses Enter', () => {
    const found = foundBy({ ...NONE, isLoading: true }, OWNERS);
    expect(found).toEqual({ jobs: [], workspaceIds: [], userIds: [], isLooking: true, failure: null });
    expect(foundBy({ ...NONE, data: [] }, OWNERS)).toMatchObject({ workspaceIds: ['acorn'], isLooking: false });
  });

  it('says why a part could not be looked for, and shows the rest', () => {
    expect(foundBy({ ...NONE, error: HIDDEN }, OWNERS)).toMatchObject({ workspaceIds: ['acorn'], failure: HIDDEN });
  });

  it('shows nothing that was read before it was refused', () => {
    expect(foundBy({ ...NONE, data: [] }, { ...OWNERS, error: HIDDEN })).toMatchObject({
      workspaceIds: [],
      failure: HIDDEN,
    });
  });
});
