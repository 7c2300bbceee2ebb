import { create } from 'zustand';

/** A list as somebody left it. */
interface LeftList {
  readonly query: string;
  /** How far it was scrolled, in pixels of rows. */
  readonly topPx: number;
  /** Where its loaded rows began. */
  readonly place: { readonly cursor: string | null; readonly rank: number };
}

interface ScreenMemory {
  /** The filter with which the list of jobs was left, as its query string. */
  readonly jobsQuery: string;
  /** Where the list was left for another screen; null once it was found again. */
  readonly jobsLeft: LeftList | null;
  /** The job whose row had the keyboard's cursor. */
  readonly activeJobId: string | null;
  /** The filter with which the findings were left, as their address. */
  readonly findingsHref: string;
  readonly isHelpOpen: boolean;
  readonly isPaletteOpen: boolean;
  readonly rememberJobsQuery: (query: string) => void;
  readonly rememberJobsLeft: (left: LeftList | null) => void;
  readonly rememberActiveJob: (jobId: string | null) => void;
  readonly rememberFindings: (href: string) => void;
  readonly setHelpOpen: (isOpen: boolean) => void;
  readonly setPaletteOpen: (isOpen: boolean) => void;
}

/** What the person was doing, so that the way back leads to where they came from. */
export const useScreenMemory = create<ScreenMemory>()((set) => ({
  jobsQuery: '',
  jobsLeft: null,
  activeJobId: null,
  findingsHref: '/reconciliation',
  isHelpOpen: false,
  isPaletteOpen: false,
  rememberJobsQuery: (jobsQuery) => set({ jobsQuery }),
  rememberJobsLeft: (jobsLeft) => set({ jobsLeft }),
  rememberActiveJob: (activeJobId) => set({ activeJobId }),
  rememberFindings: (findingsHref) => set({ findingsHref }),
  setHelpOpen: (isHelpOpen) => set({ isHelpOpen }),
  setPaletteOpen: (isPaletteOpen) => set({ isPaletteOpen }),
}));
