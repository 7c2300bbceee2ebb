import { z } from 'zod';
import { copyUpgradeSchema } from '#contract/status.ts';
import { ERROR_CODES } from '#domain/errors.ts';

/** What the thread that upgrades a copy is begun with. */
export const upgradeSettingsSchema = z.object({
  file: z.string().min(1),
  /** What the copy is of. */
  source: z.string(),
  /** One 32-bit number: 1 once it is to stop. */
  stopped: z.instanceof(SharedArrayBuffer),
});
export type UpgradeSettings = z.infer<typeof upgradeSettingsSchema>;

/** What it says. */
export const fromUpgradeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), upgrade: copyUpgradeSchema }),
  z.object({ type: z.literal('done'), setAside: z.string().nullable() }),
  z.object({ type: z.literal('failed'), code: z.enum(ERROR_CODES), detail: z.string().nullable() }),
]);
export type FromUpgrade = z.infer<typeof fromUpgradeSchema>;
