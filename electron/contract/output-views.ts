import { z } from 'zod';

/** Up to so many characters of an output are shown as text. */
export const OUTPUT_TEXT_MAX = 1_000_000;

/** What can be shown of a job's output. */
export const outputViewSchema = z.object({
  /**
   * `intact`: the file is here and its bytes have the hash that the job keeps. `changed`: they have another. `missing`: it should be here
   * and is not. `elsewhere`: it is kept where this machine does not read. `hidden`: a rule hides outputs from this role, `text` is its mark.
   */
  state: z.enum(['intact', 'changed', 'missing', 'elsewhere', 'hidden']),
  /** How it is shown; `none` where it cannot be, or must not. */
  look: z.enum(['image', 'video', 'page', 'text', 'none']),
  /** Its address below the page's own, for what is not text. */
  path: z.string().nullable(),
  /** The beginning of a text, JSON indented. */
  text: z.string().max(OUTPUT_TEXT_MAX).nullable(),
});
export type OutputView = z.infer<typeof outputViewSchema>;

/** Below this path of the page's origin main serves artefacts, locked down. */
export const PREVIEW_PATH = '/preview/';

/** The name of an artefact's file as the runner gives it; nothing else is served. */
export const ARTEFACT_NAME = /^[0-9a-f]{2}\/[0-9a-f]{32}-\d{1,6}\.[a-z0-9]{1,10}$/;
