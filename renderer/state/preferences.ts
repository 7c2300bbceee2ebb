import { z } from 'zod';
import { create } from 'zustand';
import { createJSONStorage, persist } from 'zustand/middleware';
import { safeParse } from '#domain/safe-parse.ts';

export const themeSchema = z.enum(['system', 'light', 'dark', 'contrast']);
export type Theme = z.infer<typeof themeSchema>;
/** The zone in which exact times are shown: the machine's own, or UTC. */
export const timeZoneSchema = z.enum(['local', 'utc']);
export type TimeZone = z.infer<typeof timeZoneSchema>;

const savedSchema = z.object({ theme: themeSchema.catch('system'), timeZone: timeZoneSchema.catch('local') });

interface Preferences {
  readonly theme: Theme;
  readonly timeZone: TimeZone;
  readonly setTheme: (theme: Theme) => void;
  readonly setTimeZone: (timeZone: TimeZone) => void;
}

/** How this person likes the window, kept on this machine. */
export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      theme: 'system',
      timeZone: 'local',
      setTheme: (theme) => set({ theme }),
      setTimeZone: (timeZone) => set({ timeZone }),
    }),
    {
      name: 'runledger.preferences',
      storage: createJSONStorage(() => localStorage),
      partialize: ({ theme, timeZone }) => ({ theme, timeZone }),
      merge: (saved, current) => {
        const parsed = safeParse(savedSchema, saved);
        return parsed.success ? { ...current, ...parsed.data } : current;
      },
    },
  ),
);
