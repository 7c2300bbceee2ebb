import { z } from 'zod';

/** What the catalogue knows of a kind of job. Times in milliseconds, prices in the smallest unit. */
export interface JobKind {
  readonly name: string;
  readonly title: string;
  /** The options that the kind understands; a job whose options do not parse fails with class `input`. */
  readonly optionsSchema: z.ZodType<Record<string, unknown>>;
  /** What the customer pays for one generation, from the price list of this version of the catalogue. */
  readonly priceCredits: number;
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  /** The artefact that is expected for options, which the kind's schema has parsed. */
  readonly artefactOf: (options: Readonly<Record<string, unknown>>) => ArtefactType;
}

/** What a file is. */
export interface ArtefactType {
  readonly mime: string;
  readonly extension: string;
}

const websiteOptionsSchema = z.looseObject({
  /** Parts of the page that must be there, as element names, ids (`#id`) or classes (`.name`). */
  requiredParts: z
    .array(z.string().regex(/^[#.]?[A-Za-z][\w-]*$/))
    .max(50)
    .default(['title', 'main']),
});

const imageOptionsSchema = z.looseObject({
  size: z
    .string()
    .regex(/^[1-9]\d{1,3}x[1-9]\d{1,3}$/)
    .default('512x512'),
  /** A PNG where nothing is said. */
  format: z.enum(['png', 'jpeg', 'webp']).optional(),
});

const videoOptionsSchema = z.looseObject({
  container: z.enum(['mp4', 'webm']).default('mp4'),
  /** Left out where any length will do. */
  durationSeconds: z.number().positive().max(36_000).optional(),
  /** How far the length may be off. */
  toleranceSeconds: z.number().nonnegative().max(600).default(0.5),
  size: z
    .string()
    .regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/)
    .optional(),
  /** Whether there is sound; left out where both will do. */
  audio: z.boolean().optional(),
});

/** A JSON Schema as the customer gave it; whether it is one is for the runner to find out before anything is bought. */
const jsonSchemaSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);

const documentOptionsSchema = z.looseObject({
  format: z.enum(['markdown', 'text', 'json']).default('markdown'),
  /** What the document must be; it is JSON then, whatever the format says. */
  schema: jsonSchemaSchema.optional(),
});

const dataOptionsSchema = z.looseObject({ schema: jsonSchemaSchema.optional() });

const JSON_TYPE: ArtefactType = { mime: 'application/json', extension: 'json' };

/** Every kind of job that this version can run. A kind that is not here is shown, and fails as `input` when a runner meets it. */
export const JOB_KINDS = {
  website: {
    name: 'website',
    title: 'Website',
    optionsSchema: websiteOptionsSchema,
    priceCredits: 500,
    softTimeoutMs: 60_000,
    hardTimeoutMs: 180_000,
    artefactOf: () => ({ mime: 'text/html', extension: 'html' }),
  },
  image: {
    name: 'image',
    title: 'Image',
    optionsSchema: imageOptionsSchema,
    priceCredits: 120,
    softTimeoutMs: 30_000,
    hardTimeoutMs: 120_000,
    artefactOf: (options) => {
      const { format = 'png' } = imageOptionsSchema.parse(options);
      return { mime: `image/${format}`, extension: format === 'jpeg' ? 'jpg' : format };
    },
  },
  video: {
    name: 'video',
    title: 'Video',
    optionsSchema: videoOptionsSchema,
    priceCredits: 2500,
    softTimeoutMs: 300_000,
    hardTimeoutMs: 1_200_000,
    artefactOf: (options) => {
      const { container } = videoOptionsSchema.parse(options);
      return { mime: `video/${container}`, extension: container };
    },
  },
  document: {
    name: 'document',
    title: 'Document',
    optionsSchema: documentOptionsSchema,
    priceCredits: 200,
    softTimeoutMs: 60_000,
    hardTimeoutMs: 180_000,
    artefactOf: (options) => {
      const { format, schema } = documentOptionsSchema.parse(options);
      if (schema !== undefined || format === 'json') return JSON_TYPE;
      return format === 'text' ? { mime: 'text/plain', extension: 'txt' } : { mime: 'text/markdown', extension: 'md' };
    },
  },
  data: {
    name: 'data',
    title: 'Data',
    optionsSchema: dataOptionsSchema,
    priceCredits: 100,
    softTimeoutMs: 60_000,
    hardTimeoutMs: 180_000,
    artefactOf: () => JSON_TYPE,
  },
} as const satisfies Record<string, JobKind>;

export type JobKindName = keyof typeof JOB_KINDS;

/** The catalogue's entry for a kind, undefined for a kind that it does not know. */
export function findKind(name: string): JobKind | undefined {
  return Object.hasOwn(JOB_KINDS, name) ? JOB_KINDS[name as JobKindName] : undefined;
}
