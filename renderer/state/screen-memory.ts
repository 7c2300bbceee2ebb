import { create } from 'zustand';

interface ScreenMemory {
  /** The filter with which the list of jobs was left, as its query string. */
  readonly jobsQuery: string;
  /** Where the loaded rows of the list began, and for which query string. */
  readonly jobsPlace: {
    readonly query: string;
    readonly place: { readonly cursor: string | null; readonly rank: number };
  };
  /** How far the list was scrolled, in pixels of rows, and for which query string. */
  readonly jobsScroll: { readonly query: string; readonly topPx: number };
  /** The job whose row had the keyboard's cursor. */
  readonly activeJobId: string | null;
  /** The filter with which the findings were left, as their address. */
  readonly findingsHref: string;
  readonly isHelpOpen: boolean;
  readonly isPaletteOpen: boolean;
  readonly rememberJobsQuery: (query: string) => void;
  readonly rememberJobsPlace: (query: string, place: ScreenMemory['jobsPlace']['place']) => void;
  readonly rememberJobsScroll: (query: string, topPx: number) => void;
  readonly rememberActiveJob: (jobId: string | null) => void;
  readonly rememberFindings: (href: string) => void;
  readonly setHelpOpen: (isOpen: boolean) => void;
  readonly setPaletteOpen: (isOpen: boolean) => void;
}

/** What the person was doing, so that the way back leads to where they came from. */
export const useScreenMemory = create<ScreenMemory>()((set) => ({
  jobsQuery: '',
  jobsPlace: { query: '', place: { cursor: null, rank: 0 } },
  jobsScroll: { query: '', topPx: 0 },
  activeJobId: null,
  findingsHref: '/reconciliation',
  isHelpOpen: false,
  isPaletteOpen: false,
  rememberJobsQuery: (jobsQuery) => set({ jobsQuery }),
  rememberJobsPlace: (query, place) => set({ jobsPlace: { query, place } }),
  rememberJobsScroll: (query, topPx) => set({ jobsScroll: { query, topPx } }),
  rememberActiveJob: (activeJobId) => set({ activeJobId }),
  rememberFindings: (findingsHref) => set({ findingsHref }),
  setHelpOpen: (isHelpOpen) => set({ isHelpOpen }),
  setPaletteOpen: (isPaletteOpen) => set({ isPaletteOpen }),
}));
