import { createHash } from 'node:crypto';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { z } from 'zod';
import { jobDetailSchema, type JobDetail } from '#contract/job-views.ts';
import { documentJsonOf, parseExactly } from '#domain/exact-json.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { casePage } from './page.ts';
import { redact, REDACTION_RULES } from './redact.ts';

/** A pack larger than this, unpacked, is not looked into. */
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
const FORMAT = 'runledger-case-1';
const MANIFEST = 'manifest.json';

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  madeAt: z.string(),
  jobs: z.int().nonnegative(),
  redaction: z.array(z.string()),
  files: z.record(z.string(), z.object({ bytes: z.int().nonnegative(), sha256: z.string() })),
  /** Over the names and hashes of all files and over everything else of this manifest. */
  contentHash: z.string(),
});
type Manifest = z.infer<typeof manifestSchema>;

/** A pack and the hash that says what is in it; whoever hands a pack on hands the hash on by another way. */
export interface CasePack {
  readonly bytes: Uint8Array;
  readonly contentHash: string;
}

/** What a check of a pack found. `faults` is empty where the pack is as it was made. */
export interface PackVerdict {
  readonly contentHash: string | null;
  readonly madeAt: string | null;
  readonly jobs: number;
  readonly faults: readonly string[];
}

/** Packs jobs as JSON and as a page for people, redacted. The same jobs at the same time give the same bytes. */
export function buildCasePack(jobs: readonly JobDetail[], madeAt: Date): CasePack {
  const clean = jobs.map(redactJob);
  const facts = { madeAt: madeAt.toISOString(), rules: REDACTION_RULES };
  const contents: Readonly<Record<string, Uint8Array>> = {
    'case.html': strToU8(casePage(clean, facts)),
    'case.json': strToU8(`${JSON.stringify(clean, null, 1)}\n`),
  };
  const unsealed = {
    format: FORMAT,
    madeAt: facts.madeAt,
    jobs: jobs.length,
    redaction: [...REDACTION_RULES],
    files: Object.fromEntries(
      Object.entries(contents).map(([name, bytes]) => [name, { bytes: bytes.length, sha256: sha256(bytes) }]),
    ),
  } satisfies Omit<Manifest, 'contentHash'>;
  const manifest: Manifest = { ...unsealed, contentHash: hashOf(unsealed) };
  const files = { ...contents, [MANIFEST]: strToU8(`${JSON.stringify(manifest, null, 1)}\n`) };
  return { bytes: zipSync(files, { mtime: new Date(1980, 0, 1), level: 6 }), contentHash: manifest.contentHash };
}

/** Checks a pack file by file. Total: whatever the bytes are, the answer is a verdict. */
export function verifyCasePack(bytes: Uint8Array): PackVerdict {
  const unpacked = unpack(bytes);
  if (typeof unpacked === 'string') return { contentHash: null, madeAt: null, jobs: 0, faults: [unpacked] };
  const { names, files } = unpacked;
  const manifest = readManifest(files.get(MANIFEST));
  if (manifest === null) {
    return { contentHash: null, madeAt: null, jobs: 0, faults: ['manifest.json is missing or is none of a case'] };
  }
  const faults: string[] = [];
  const { contentHash, ...unsealed } = manifest;
  if (hashOf(unsealed) !== contentHash) faults.push('manifest.json was changed');
  for (const [name, stated] of Object.entries(manifest.files)) {
    const found = files.get(name);
    if (found === undefined) faults.push(`${name} is missing`);
    else if (sha256(found) !== stated.sha256 || found.length !== stated.bytes) faults.push(`${name} was changed`);
  }
  const stated = new Set([MANIFEST, ...Object.keys(manifest.files)]);
  const seen = new Set<string>();
  for (const name of names) {
    if (!stated.has(name)) faults.push(`${name} was added`);
    // Only one of them was checked, and which one a program shows is its own affair.
    else if (seen.has(name)) faults.push(`${name} stands there twice`);
    seen.add(name);
  }
  return { contentHash, madeAt: manifest.madeAt, jobs: manifest.jobs, faults };
}

function redactJob(job: JobDetail): JobDetail {
  const { documentJson: _document, optionsJson, ...rest } = job;
  const own = parseExactly(optionsJson);
  const written = { prompt: job.prompt, options: own };
  const options = redact({ options: own }, written);
  const clean: unknown = redact(rest, written);
  // The document is the same once more, with names of fields that nobody knows: it stays at home.
  return jobDetailSchema.parse({
    ...z.looseObject({}).parse(clean),
    optionsJson: documentJsonOf(options),
    documentJson: '',
  });
}

function hashOf(unsealed: Omit<Manifest, 'contentHash'>): string {
  const files = Object.entries(unsealed.files).sort(([left], [right]) => (left < right ? -1 : 1));
  return sha256(strToU8(JSON.stringify({ ...unsealed, files })));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function readManifest(bytes: Uint8Array | undefined): Manifest | null {
  if (bytes === undefined) return null;
  try {
    return safeParse(manifestSchema, JSON.parse(strFromU8(bytes))).data ?? null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

/** What stands in an archive. */
interface Unpacked {
  /** Every name that its table has, in that order, also of what was not unpacked. */
  readonly names: readonly string[];
  readonly files: ReadonlyMap<string, Uint8Array>;
}

function unpack(bytes: Uint8Array): Unpacked | string {
  const names: string[] = [];
  let left = UNPACKED_BYTES_MAX;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        names.push(name);
        left -= originalSize;
        return left >= 0;
      },
    });
    return { names, files: new Map(Object.entries(files)) };
  } catch (cause) {
    return `it is no archive that can be read (${cause instanceof Error ? cause.message : 'unknown'})`;
  }
}
