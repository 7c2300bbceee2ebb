import { create } from 'zustand';

interface ScreenMemory {
  /** The filter with which the list of jobs was left, as its query string. */
  readonly jobsQuery: string;
  /** How far the list was scrolled, in pixels, and for which query string. */
  readonly jobsScroll: { readonly query: string; readonly topPx: number };
  /** The job whose row had the keyboard's cursor. */
  readonly activeJobId: string | null;
  /** The filter with which the findings were left, as their address. */
  readonly findingsHref: string;
  readonly isHelpOpen: boolean;
  readonly isPaletteOpen: boolean;
  readonly rememberJobsQuery: (query: string) => void;
  readonly rememberJobsScroll: (query: string, topPx: number) => void;
  readonly rememberActiveJob: (jobId: string | null) => void;
  readonly rememberFindings: (href: string) => void;
  readonly setHelpOpen: (isOpen: boolean) => void;
  readonly setPaletteOpen: (isOpen: boolean) => void;
}

/** What the person was doing, so that the way back leads to where they came from. */
export const useScreenMemory = create<ScreenMemory>()((set) => ({
  jobsQuery: '',
  jobsScroll: { query: '', topPx: 0 },
  activeJobId: null,
  findingsHref: '/reconciliation',
  isHelpOpen: false,
  isPaletteOpen: false,
  rememberJobsQuery: (jobsQuery) => set({ jobsQuery }),
  rememberJobsScroll: (query, topPx) => set({ jobsScroll: { query, topPx } }),
  rememberActiveJob: (activeJobId) => set({ activeJobId }),
  rememberFindings: (findingsHref) => set({ findingsHref }),
  setHelpOpen: (isHelpOpen) => set({ isHelpOpen }),
  setPaletteOpen: (isPaletteOpen) => set({ isPaletteOpen }),
}));
