import {
  infiniteQueryOptions,
  keepPreviousData,
  useInfiniteQuery,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { JOB_PAGE_ROWS, type JobRow } from '#contract/job-views.ts';
import { delayed } from './delayed.ts';
import type { EngineClient } from './engine-client.ts';
import { valueOrThrow } from './engine-failure.ts';
import { countOf, queryKeys, useEngine, useJobCount } from './engine-queries.tsx';
import type { JobsView } from './jobs-query-string.ts';
import { useScreenMemory } from './screen-memory.ts';

/** The height of a row in pixels; jobs-table.css draws it. */
export const ROW_PX = 36;
/** Rows beyond the visible ones that are kept ready. */
export const OVERSCAN_ROWS = 10;
/** Rows that are kept loaded above what is in sight, and read ahead of it below. */
const AHEAD_ROWS = 200;
/** As soon as fewer rows than these are loaded above what is in sight, those before them are read. */
const ABOVE_ROWS = 40;
/** A stretch of more pages than this is begun anew further down, so that what is loaded stays small and live. */
const PAGES_MAX = 12;
/** Pages with which a stretch that was sought begins: they reach above and below what is in sight. */
const SOUGHT_PAGES = 2;

/** After this long what could not be reached is looked for again, in milliseconds. */
const AGAIN_MS = 500;

/** Where a stretch of loaded rows begins: the cursor of its first page, and the rank of its first row. */
export interface Place {
  readonly cursor: string | null;
  readonly rank: number;
}

interface Page {
  readonly rows: readonly JobRow[];
  readonly nextCursor: string | null;
}

const TOP: Place = { cursor: null, rank: 0 };

/**
 * A window on the list of jobs: one stretch of pages behind one another, somewhere in the list. Whoever looks elsewhere says so by
 * {@link JobWindow.look}; the stretch then goes on, or another one is begun there. Pages follow one another by their last rows, so
 * nothing is left out or shown twice between them, whatever arrives meanwhile.
 */
export function useJobWindow({ filter, sort, startAtMs }: JobsView, query: string) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const [chosen, setChosen] = useState(() => beginningOf(query));
  const begun = chosen.query === query ? chosen : beginningOf(query);
  if (begun !== chosen) setChosen(begun);
  const { place } = begun;
  /** Shows another stretch of this list, where it is still the one that is shown. */
  const choose = useCallback(
    (next: Place) => setChosen((before) => (before.query === query ? { query, place: next } : before)),
    [query],
  );
  /** Every page's place that was met in this list: the way back to where no index leads. */
  const met = useRef<{ query: string; places: Map<number, string | null> }>({ query, places: new Map() });
  /** Counts the searches that are over: what is in sight by then is looked at anew. */
  const [round, setRound] = useState(0);
  const seeking = useRef<string | null>(null);
  const optionsOf = useCallback(
    (cursor: string | null) => pagesOf(engine, { filter, sort, startAtMs }, cursor),
    [engine, filter, sort, startAtMs],
  );
  const list = useInfiniteQuery(optionsOf(place.cursor));
  const counted = useJobCount(filter);
  const pages = list.data?.pages;
  const loadedRows = useMemo(() => pages?.reduce((sum, page) => sum + page.rows.length, 0) ?? 0, [pages]);

  useEffect(() => {
    if (met.current.query !== query) met.current = { query, places: new Map() };
    if (list.data === undefined || list.isPlaceholderData) return;
    placesOf(list.data, place).forEach(({ rank, cursor }) => met.current.places.set(rank, cursor));
  }, [query, list.data, list.isPlaceholderData, place]);

  /** Loads the beginning of another stretch, and shows it when it is there. */
  const goTo = useCallback(
    async (wanted: Place, seen: readonly JobRow[]) => {
      const data = await queryClient.fetchInfiniteQuery({
        ...optionsOf(wanted.cursor),
        pages: SOUGHT_PAGES,
        staleTime: 1_000,
      });
      // What arrived since has moved every rank: a row that is in sight keeps the one that it has.
      const first = seen[0];
      const rows = data.pages.flatMap((page) => page.rows);
      const at = first === undefined ? -1 : rows.findIndex(({ id }) => id === first.id);
      choose(at < 0 ? wanted : { ...wanted, rank: Math.max(0, place.rank - at) });
    },
    [queryClient, optionsOf, choose, place.rank],
  );

  const { fetchNextPage } = list;
  const firstPage = list.data?.pages[0]?.rows;
  /** Begins a stretch at a rank. Where no index leads there, the list is read on. */
  const reach = useCallback(
    async (rank: number) => {
      const placesMet = met.current.query === query ? met.current.places : new Map<number, string | null>();
      const known = rank === 0 ? TOP : metBefore(placesMet, rank);
      // Ranks of a list that begins at a time count from there, which no index knows.
      const sought =
        known === null && startAtMs === null ? await engine.call('jobs.seek', { filter, sort, rank }) : null;
      const found = known ?? (sought === null ? null : valueOrThrow(sought).place);
      const nearest = found ?? nearestMet(placesMet, rank);
      if (found !== null || nearest.rank < place.rank) await goTo(nearest, rank < place.rank ? (firstPage ?? []) : []);
      else await fetchNextPage({ cancelRefetch: false });
    },
    [engine, filter, sort, startAtMs, query, place.rank, firstPage, goTo, fetchNextPage],
  );

  /** Says which ranks are in sight, so that they get loaded. */
  const look = useCallback(
    (first: number, last: number) => {
      if (list.data === undefined || list.isPlaceholderData || list.error !== null) return;
      const end = place.rank + loadedRows;
      const isAbove = place.rank > 0 && first < place.rank + ABOVE_ROWS;
      const isFarBelow = first > end + AHEAD_ROWS && list.hasNextPage;
      if (isAbove || isFarBelow) {
        const rank = Math.max(0, first - AHEAD_ROWS / 2);
        // Whoever drags the scroll bar wants the last place only: one is sought, and then is looked at what is in sight by then.
        if (seeking.current === query) return;
        seeking.current = query;
        void reach(rank)
          // A change of the list stops what is being read of it.
          .catch(() => delayed(AGAIN_MS))
          .then(() => {
            seeking.current = null;
            setRound((before) => before + 1);
          });
        return;
      }
      if (last >= end - AHEAD_ROWS && list.hasNextPage && !list.isFetching && !list.isFetchNextPageError) {
        void list.fetchNextPage({ cancelRefetch: false });
      } else if (list.data.pages.length > PAGES_MAX && !list.isFetching) {
        const next = placesOf(list.data, place).findLast(({ rank }) => rank <= first - AHEAD_ROWS);
        if (next === undefined || next.index === 0) return;
        // The pages below go on as another stretch, without asking for anything.
        queryClient.setQueryData(optionsOf(next.cursor).queryKey, {
          pages: list.data.pages.slice(next.index),
          pageParams: list.data.pageParams.slice(next.index),
        });
        choose(next);
      }
    },
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the end of a search is a reason to look again
    [list, place, loadedRows, query, reach, queryClient, optionsOf, choose, round],
  );

  const end = place.rank + loadedRows;
  // What is counted is the whole list, also where it is shown from a time on.
  const isCounted = startAtMs === null && counted.data?.isExact === true;
  const total =
    !list.hasNextPage && !list.isPlaceholderData
      ? end
      : isCounted
        ? Math.max(counted.data?.count ?? 0, end + 1)
        : end + JOB_PAGE_ROWS;
  return {
    list,
    look,
    place,
    /** The rank of the first loaded row. */
    firstRank: place.rank,
    /** How many rows the list has; where that is not known, how far it goes at least. */
    total: list.isPlaceholderData ? loadedRows : total,
    isTotalKnown: !list.hasNextPage || isCounted,
    /** Tells one stretch from another. */
    stretch: `${query}|${place.cursor ?? ''}`,
    backToTop: () => choose(TOP),
  };
}

export type JobWindow = ReturnType<typeof useJobWindow>;

/**
 * The top of a list is asked for alone, as many rows as the window can show: it is there several times sooner than a whole page, and
 * it is what whoever filters waits for.
 */
function topRows(): number {
  return Math.min(JOB_PAGE_ROWS, Math.ceil(innerHeight / ROW_PX) + OVERSCAN_ROWS);
}

/** Where a list begins: at its top, or where it was left for another screen, to which the table scrolls (`use-table-scroll.ts`). */
function beginningOf(query: string): { readonly query: string; readonly place: Place } {
  const left = useScreenMemory.getState().jobsLeft;
  return { query, place: left?.query === query ? left.place : TOP };
}

/** The pages of a list from a cursor on; null is its top. */
function pagesOf(engine: EngineClient, { filter, sort, startAtMs }: JobsView, cursor: string | null) {
  return infiniteQueryOptions({
    queryKey: [...queryKeys.jobPages, filter, sort, startAtMs, cursor],
    queryFn: async ({ pageParam, signal }) =>
      valueOrThrow(
        await engine.call(
          'jobs.page',
          { filter, sort, startAtMs, cursor: pageParam, limit: pageParam === null ? topRows() : JOB_PAGE_ROWS },
          signal,
        ),
      ),
    initialPageParam: cursor,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
  });
}

/** Asks for the top of a list before there is a screen to show it; the screen finds the answer, or waits for the same one. */
export function readAhead(engine: EngineClient, queryClient: QueryClient, view: JobsView): Promise<void> {
  return queryClient.prefetchInfiniteQuery(pagesOf(engine, view, TOP.cursor));
}

/**
 * Reads a list and its count before the screen that stands shows them, so that it is drawn once. @returns when both are there or have failed
 * @param signal ends the reading of a list that nobody will see
 */
export async function readList(
  engine: EngineClient,
  queryClient: QueryClient,
  view: JobsView,
  signal: AbortSignal,
): Promise<void> {
  const count = countOf(engine, view.filter);
  const end = (): void => {
    for (const { queryKey } of [pagesOf(engine, view, TOP.cursor), count])
      void queryClient.cancelQueries({ queryKey, exact: true, type: 'inactive' });
  };
  signal.addEventListener('abort', end, { once: true });
  await Promise.all([readAhead(engine, queryClient, view), queryClient.prefetchQuery(count)]);
  signal.removeEventListener('abort', end);
}

/** The place of each loaded page. */
function placesOf(data: InfiniteData<Page>, place: Place): readonly (Place & { readonly index: number })[] {
  let { rank } = place;
  return data.pages.map((page, index) => {
    const cursor = data.pageParams[index];
    const at = { index, rank, cursor: typeof cursor === 'string' ? cursor : null };
    rank += page.rows.length;
    return at;
  });
}

/** A page that was met and has the rank in it, or nearly. */
function metBefore(places: ReadonlyMap<number, string | null>, rank: number): Place | null {
  const found = nearestMet(places, rank);
  return rank - found.rank < JOB_PAGE_ROWS / 2 ? found : null;
}

function nearestMet(places: ReadonlyMap<number, string | null>, rank: number): Place {
  let nearest = TOP;
  for (const [at, cursor] of places) if (at <= rank && at > nearest.rank) nearest = { rank: at, cursor };
  return nearest;
}
