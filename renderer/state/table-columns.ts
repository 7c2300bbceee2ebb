import { z } from 'zod';
import { create } from 'zustand';
import { createJSONStorage, persist } from 'zustand/middleware';

const layoutSchema = z.object({
  /** Widths in pixels, of the columns whose width was changed. */
  sizes: z.record(z.string(), z.number().min(30).max(2000)).catch({}),
  /** False for the columns that were taken away, true for those that were put there. */
  visible: z.record(z.string(), z.boolean()).catch({}),
});

interface ColumnLayout extends z.infer<typeof layoutSchema> {
  readonly setSizes: (sizes: Record<string, number>) => void;
  readonly setVisible: (visible: Record<string, boolean>) => void;
  readonly reset: () => void;
}

/** Which columns the list of jobs has and how wide they are, kept on this machine. */
export const useColumnLayout = create<ColumnLayout>()(
  persist(
    (set) => ({
      sizes: {},
      visible: {},
      setSizes: (sizes) => set({ sizes }),
      setVisible: (visible) => set({ visible }),
      reset: () => set({ sizes: {}, visible: {} }),
    }),
    {
      name: 'runledger.jobs-columns',
      storage: createJSONStorage(() => localStorage),
      partialize: ({ sizes, visible }) => ({ sizes, visible }),
      merge: (saved, current) => ({ ...current, ...layoutSchema.catch({ sizes: {}, visible: {} }).parse(saved ?? {}) }),
    },
  ),
);
