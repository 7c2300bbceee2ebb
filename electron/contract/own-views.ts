import { z } from 'zod';
import { timeMsSchema } from './status.ts';

/** What a person keeps on this machine: views, drafts and settings. No server holds them, so none of it can be read again. */

const ownIdSchema = z.string().min(1).max(100);

/** A view of a screen under a name: the page's address holds all of it. */
export const savedViewSchema = z.object({
  id: ownIdSchema,
  name: z.string().trim().min(1).max(100),
  /** The address behind the hash, for example `/jobs?state=failed`. */
  href: z.string().startsWith('/').max(4000),
  /** Where it stands among the others; equal positions are in the order of their names. */
  position: z.int().default(0),
});
export type SavedView = z.infer<typeof savedViewSchema>;

/** What a person wanted done and could not, because the server was away. It is decided anew when it is opened again. */
export const draftSchema = z.object({
  id: ownIdSchema,
  /** What it would do, for example `retry`; whoever makes drafts of a kind also opens them. */
  kind: z.string().min(1).max(50),
  /** What it is about, for example a job's id. */
  subjectId: z.string().min(1).max(200),
  /** The subject's version that the person saw; null where it has none. */
  seenVersion: z.int().nonnegative().nullable(),
  /** What was filled in, as JSON. */
  bodyJson: z.string().max(2_000_000),
  madeAtMs: timeMsSchema,
});
export type Draft = z.infer<typeof draftSchema>;

/** How much of the past the copy holds; null does not limit. Open jobs are always held. */
export const retentionSchema = z.object({
  /** Jobs that ended longer ago are left out, with their ledger entries. */
  daysMax: z.int().min(1).max(10_000).nullable(),
  /** When the file grows beyond it, the oldest are left out. */
  megabytesMax: z.int().min(50).max(1_000_000).nullable(),
});
export type Retention = z.infer<typeof retentionSchema>;

/**
 * Every setting of this machine by its name, with what holds until somebody sets it. A value that does not fit its schema any more
 * counts as not set.
 */
export const SETTINGS = {
  'copy.retention': retentionSchema.default({ daysMax: null, megabytesMax: null }),
  /** False keeps prompts out of the copy: they cannot be searched, and a job shows its own only from the server. */
  'copy.keepsPrompts': z.boolean().default(true),
} as const satisfies Record<string, z.ZodType>;
export type SettingName = keyof typeof SETTINGS;
export type SettingValue<Name extends SettingName> = z.output<(typeof SETTINGS)[Name]>;
export type Settings = { readonly [Name in SettingName]: SettingValue<Name> };

export const settingNameSchema = z.enum(Object.keys(SETTINGS) as [SettingName, ...SettingName[]]);
export const settingsSchema = z.object(SETTINGS);
