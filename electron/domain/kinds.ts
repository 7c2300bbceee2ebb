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
  /** The artefact that is expected. */
  readonly artefact: { readonly mime: string; readonly extension: string };
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
});

/** Options of a website, with the default parts filled in. */
export type WebsiteOptions = z.infer<typeof websiteOptionsSchema>;
/** Options of an image, with the default size filled in. */
export type ImageOptions = z.infer<typeof imageOptionsSchema>;

/** Every kind of job that this version can run. A kind that is not here is shown, and fails as `input` when a runner meets it. */
export const JOB_KINDS = {
  website: {
    name: 'website',
    title: 'Website',
    optionsSchema: websiteOptionsSchema,
    priceCredits: 500,
    softTimeoutMs: 60_000,
    hardTimeoutMs: 180_000,
    artefact: { mime: 'text/html', extension: 'html' },
  },
  image: {
    name: 'image',
    title: 'Image',
    optionsSchema: imageOptionsSchema,
    priceCredits: 120,
    softTimeoutMs: 30_000,
    hardTimeoutMs: 120_000,
    artefact: { mime: 'image/png', extension: 'png' },
  },
} as const satisfies Record<string, JobKind>;

export type JobKindName = keyof typeof JOB_KINDS;

/** The catalogue's entry for a kind, undefined for a kind that it does not know. */
export function findKind(name: string): JobKind | undefined {
  return Object.hasOwn(JOB_KINDS, name) ? JOB_KINDS[name as JobKindName] : undefined;
}
