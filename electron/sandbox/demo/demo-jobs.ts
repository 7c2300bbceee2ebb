import { createHash } from 'node:crypto';
import { canonicalInput } from '#domain/canonical-input.ts';
import { JOB_KINDS, type JobKindName } from '#domain/kinds.ts';
import { jobSchema, type Job } from '#domain/job.ts';
import { periodOf, type LedgerEntry } from '#domain/ledger.ts';

/** The name under which the demo's jobs call the demo's provider. */
export const DEMO_PROVIDER = 'demo';

/** How often a model is chosen, in a thousand jobs; the last one is what most are made with. */
const MODELS: readonly (readonly [model: string, inThousand: number])[] = [
  ['flaky-0.3', 120],
  ['rate-limited', 60],
  ['bad-output', 50],
  ['bad-input', 40],
  ['content-refused', 20],
  ['slow', 30],
  ['standard', 680],
];

const WORKSPACES = ['acorn-studio', 'blue-harbour', 'cedar-and-co', 'dune-labs', 'ember-media', 'fjord-works'] as const;
/** This one has little credit, so that jobs wait for a top-up. */
const POOR_WORKSPACE = 'gable-house';
const GRANT_CREDITS = 5_000_000;
const POOR_GRANT_CREDITS = 3000;

const SUBJECTS = [
  'a bakery that opens at five',
  'a ferry between two small islands',
  'a shop for repaired bicycles',
  'a choir that rehearses in a barn',
  'a museum of clocks',
  'a nursery for old apple trees',
  'a school for lighthouse keepers',
  'a workshop for violins',
  'a garden on a roof in November',
  'a company that maps rivers',
] as const;

const PROMPTS: Readonly<Record<JobKindName, readonly string[]>> = {
  website: ['A landing page for', 'A one-page site about', 'An announcement page for', 'A price list for'],
  image: ['A poster for', 'A quiet picture of', 'A cover image for', 'A logo sketch for'],
  video: ['A short film about', 'A trailer for'],
  document: ['A letter to the guests of', 'The rules of'],
  data: ['Opening hours of', 'The staff of'],
};

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function pickModel(random: () => number): string {
  let left = random() * 1000;
  for (const [model, inThousand] of MODELS) {
    left -= inThousand;
    if (left < 0) return model;
  }
  return 'standard';
}

/** What a demo job is made from. */
export interface DemoJobOptions {
  readonly id: string;
  readonly random: () => number;
  readonly createdAt: Date;
  /** Leaves out jobs of the workspace that cannot pay for all of them. */
  readonly onlySolvent?: boolean;
}

/** A job as a product would insert it: queued, due, nothing reserved yet. */
export function demoJob(options: DemoJobOptions): Job {
  const { id, random, createdAt } = options;
  const kind: JobKindName = random() < 0.6 ? 'website' : 'image';
  const isPoor = options.onlySolvent !== true && random() < 0.03;
  const input = {
    prompt: `${pick(PROMPTS[kind], random)} ${pick(SUBJECTS, random)}`,
    options:
      kind === 'website'
        ? { requiredParts: ['title', 'main', ...(random() < 0.4 ? ['#contact'] : [])] }
        : { size: pick(['256x256', '320x200', '128x256'], random) },
  };
  const actor = { type: 'product', id: 'demo' } as const;
  return jobSchema.parse({
    _id: id,
    kind,
    workspaceId: isPoor ? POOR_WORKSPACE : pick(WORKSPACES, random),
    userId: `user-${Math.floor(random() * 40)}`,
    state: 'queued',
    version: 1,
    attempt: 0,
    maxAttempts: 8,
    priority: random() < 0.1 ? 10 : 0,
    notBefore: createdAt,
    createdAt,
    updatedAt: createdAt,
    input: { ...input, hash: createHash('sha256').update(canonicalInput(input)).digest('hex') },
    provider: { name: DEMO_PROVIDER, model: pickModel(random), acceptanceId: null },
    history: [
      {
        seq: 1,
        from: null,
        to: 'queued',
        at: createdAt,
        attempt: 0,
        actor,
        reason: 'ordered by a customer',
        policyVersion: null,
      },
    ],
    billing: {
      status: 'not_charged',
      generationId: `gen-${id}`,
      price: JOB_KINDS[kind].priceCredits,
      reserved: 0,
      captured: 0,
      refunded: 0,
      pending: [],
    },
  });
}

/** The credits that the demo's workspaces begin with. */
export function demoGrants(at: Date): readonly LedgerEntry[] {
  return [...WORKSPACES, POOR_WORKSPACE].map((workspaceId) => ({
    _id: `demo-${workspaceId}:grant:1`,
    workspaceId,
    jobId: null,
    generationId: null,
    attempt: null,
    type: 'grant',
    credits: workspaceId === POOR_WORKSPACE ? POOR_GRANT_CREDITS : GRANT_CREDITS,
    at,
    actor: { type: 'product', id: 'demo' },
    reason: 'credits to begin with',
    period: periodOf(at),
  }));
}
