import { z } from 'zod';
import { MAPPED_PARTS } from '#domain/mapping/canonical-fields.ts';
import { jobMappingSchema } from '#domain/mapping/job-mapping.ts';

/** One field of theirs, as it stands in the sampled documents. */
const foreignFieldSchema = z.object({
  path: z.string().max(1000),
  documents: z.int().nonnegative(),
  kinds: z.array(z.string()),
  decimals: z.int().nonnegative(),
});

const shareSchema = z.number().min(0).max(1);

/** What a mapping makes of the sampled documents of one collection. */
const mappedPartSchema = z.object({
  part: z.enum(MAPPED_PARTS),
  /** True where the database has a collection of the mapping's name. */
  isThere: z.boolean(),
  documents: z.int().nonnegative(),
  soundDocuments: z.int().nonnegative(),
  /** The paths that the documents have, `[]` for each element of a list. */
  paths: z.array(foreignFieldSchema).max(500),
  coverage: z.array(
    z.object({
      ours: z.string(),
      isOptional: z.boolean(),
      among: z.int().nonnegative(),
      presentShare: shareSchema,
      soundShare: shareSchema,
    }),
  ),
  /** What would be malformed, and the first reason. */
  faults: z.array(z.object({ id: z.string(), path: z.string(), reason: z.string() })).max(20),
  /** A few documents as the console would see them, without what customers wrote. */
  preview: z
    .array(z.object({ id: z.string(), values: z.array(z.object({ path: z.string(), value: z.string() })) }))
    .max(3),
});
export type MappedPartView = z.infer<typeof mappedPartSchema>;

/** What a mapping makes of a database. */
export const mappingLookSchema = z.object({
  /** The mapping that was looked at: the given one, or what was proposed. */
  mapping: jobMappingSchema,
  /** The database's collections. */
  collections: z.array(z.string()).max(5000),
  parts: z.array(mappedPartSchema),
  /** The different words in their fields of states; empty where there are too many to be names of states. */
  stateWords: z.array(z.string()).max(50),
});
export type MappingLook = z.infer<typeof mappingLookSchema>;
