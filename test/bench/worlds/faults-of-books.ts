import type { LedgerEntry } from '#domain/ledger.ts';
import { hashText } from '#domain/reconciliation/hash53.ts';
import { AS_OF_MS } from './clean-job.ts';
import {
  expected,
  generationEntry,
  relabel,
  replaceJob,
  restoreHold,
  standingEntry,
  type ExpectedFinding,
  type Fault,
  type FaultScene,
} from './fault.ts';
import { accountOf, changeAvailable, entryOf, freeEntry, openWorkspace, post, setHold, unpost } from './world.ts';

const DAY_MS = 86_400_000;
const OLD = new Date(AS_OF_MS - 3 * DAY_MS);

/** Faults in holds, ownership, accounts and time: rules 8 to 17. */
export const BOOK_FAULTS: readonly Fault[] = [
  {
    rules: [8],
    name: 'a failed job keeps its hold',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('failed', 'cancelled');
      if (job === null) return null;
      unpost(scene.world, standingEntry(scene.world, job, 'release')._id);
      restoreHold(scene.world, job, job.billing.price);
      return [expected('hold_outlives_lease', 'ended', job.billing.generationId, job.billing.price)];
    },
  },
  {
    rules: [8],
    name: 'a completed job keeps a hold beside its capture',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'metered', 'refunded');
      if (job === null) return null;
      const credits = scene.amount();
      restoreHold(scene.world, job, credits);
      return [expected('hold_outlives_lease', 'ended', job.billing.generationId, credits)];
    },
  },
  {
    rules: [8],
    name: 'a running job was left by its runner long ago',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('running');
      if (job?.state !== 'running') return null;
      replaceJob(scene.world, { ...job, lease: { ...job.lease, expiresAt: OLD } });
      const { generationId, price } = job.billing;
      setHold(scene.world, job.workspaceId, generationId, price, new Date(OLD.getTime() - DAY_MS));
      return [expected('hold_outlives_lease', 'abandoned', generationId, price)];
    },
  },
  {
    rules: [9],
    name: 'an account holds credits for a generation of no job',
    moment: 'before',
    plant: (scene) => {
      const generationId = `stray-hold-${scene.serial()}`;
      const credits = scene.amount();
      setHold(scene.world, scene.workspace(), generationId, credits, OLD);
      return [expected('hold_without_job', 'no_job', generationId, credits)];
    },
  },
  {
    rules: [9, 10],
    name: 'the document of a queued job is gone',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('queued');
      if (job === null) return null;
      scene.world.jobs.delete(job._id);
      return [
        expected('hold_without_job', 'no_job', job.billing.generationId, job.billing.price),
        expected('entry_without_job', 'unknown_generation', job.billing.generationId, 0),
      ];
    },
  },
  {
    rules: [10],
    name: 'the document of a completed job is gone',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'failed', 'refunded', 'metered');
      if (job === null) return null;
      scene.world.jobs.delete(job._id);
      const net = job.billing.captured - job.billing.refunded;
      return [expected('entry_without_job', 'unknown_generation', job.billing.generationId, net)];
    },
  },
  {
    rules: [10],
    name: 'a capture stands for a generation that nobody knows',
    moment: 'before',
    plant: (scene) => {
      const id = `stray-${scene.serial()}`;
      const credits = scene.amount();
      const owner = { _id: `job-of-${id}`, workspaceId: scene.workspace() };
      post(scene.world, generationEntry(owner, id, 'capture', { credits, atMs: OLD.getTime() }));
      return [expected('entry_without_job', 'unknown_generation', id, credits)];
    },
  },
  {
    rules: [10],
    name: 'a capture names no generation',
    moment: 'before',
    plant: (scene) => {
      const key = `unbound-${scene.serial()}:capture:1`;
      const credits = scene.amount();
      post(scene.world, freeEntry(key, scene.workspace(), 'capture', credits));
      return [expected('entry_without_job', 'no_generation', key, credits)];
    },
  },
  {
    rules: [10],
    name: 'an entry names a job that is not there',
    moment: 'before',
    plant: (scene) => plantOtherJob(scene, 'unknown_job', () => `missing-${scene.serial()}`),
  },
  {
    rules: [10],
    name: "an entry names another customer's job",
    moment: 'before',
    plant: (scene) => {
      const other = scene.take('created', 'blocked');
      return other === null ? null : plantOtherJob(scene, 'other_job', () => other._id);
    },
  },
  {
    rules: [11],
    name: 'a job waits in a workspace that never had an account',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('created', 'blocked');
      if (job === null) return null;
      const workspaceId = `unopened-${scene.serial()}`;
      replaceJob(scene.world, { ...job, workspaceId });
      return [expected('job_without_account', 'never_opened', workspaceId, 0)];
    },
  },
  {
    rules: [11],
    name: 'the account of a workspace with jobs is gone',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('created', 'blocked');
      if (job === null) return null;
      const workspaceId = `lost-${scene.serial()}`;
      const credits = scene.amount();
      openWorkspace(scene.world, workspaceId, credits);
      replaceJob(scene.world, { ...job, workspaceId });
      scene.world.accounts.delete(workspaceId);
      return [expected('job_without_account', 'lost', workspaceId, credits)];
    },
  },
  {
    rules: [12],
    name: 'the key of a capture is not its own',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'metered', 'refunded');
      if (job === null) return null;
      const { _id } = standingEntry(scene.world, job, 'capture');
      const serial = scene.serial();
      const [caseName, key] = scene.random.pick([
        ['other_generation', `other-${serial}:capture:1`],
        ['other_type', `${job.billing.generationId}:adjust:${serial}`],
        ['malformed', `odd key ${serial}`],
        ['malformed', `${job.billing.generationId}:capture:0${serial}`],
      ] as const);
      relabel(scene.world, _id, { _id: key });
      return [expected('key_of_other_generation', caseName, key, 0)];
    },
  },
  {
    rules: [13],
    name: 'a capture has been owed for a day',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('capturing');
      if (job === null) return null;
      const pending = job.billing.pending.map((entry) => ({ ...entry, at: OLD }));
      replaceJob(scene.world, { ...job, billing: { ...job.billing, pending } });
      return [expected('pending_overdue', 'job', job._id, -job.billing.price)];
    },
  },
  {
    rules: [13],
    name: 'a grant stands in the account and never reached the ledger',
    moment: 'before',
    plant: (scene) => {
      const workspaceId = scene.workspace();
      const credits = scene.amount();
      const entry = freeEntry(`unfinished-${scene.serial()}:grant:1`, workspaceId, 'grant', credits, OLD.getTime());
      changeAvailable(scene.world, workspaceId, credits);
      const account = accountOf(scene.world, workspaceId);
      scene.world.accounts.set(workspaceId, { ...account, posting: { ...account.posting, [entry._id]: entry } });
      return [expected('pending_overdue', 'posting', entry._id, credits)];
    },
  },
  {
    rules: [14],
    name: 'credits came into an account or left it without an entry',
    moment: 'before',
    plant: (scene) => {
      const workspaceId = `drift-${scene.serial()}`;
      const credits = scene.random.pick([1, -1]) * scene.amount();
      openWorkspace(scene.world, workspaceId, 1000);
      changeAvailable(scene.world, workspaceId, credits);
      return [expected('account_differs', 'total', workspaceId, -credits)];
    },
  },
  {
    rules: [14],
    name: 'an account holds more in sum than by its holds',
    moment: 'before',
    plant: (scene) => {
      const workspaceId = `held-${scene.serial()}`;
      openWorkspace(scene.world, workspaceId, 1000);
      const account = accountOf(scene.world, workspaceId);
      const credits = scene.amount();
      const figures = { available: account.available - credits, held: account.held + credits };
      scene.world.accounts.set(workspaceId, { ...account, ...figures });
      return [expected('account_differs', 'held', workspaceId, 0)];
    },
  },
  {
    rules: [14],
    name: 'a queued job holds another amount than it reserved',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('queued', 'retrying');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      const others = [0, price + 1, price - 1].filter((credits) => credits >= 0 && credits !== price);
      setHold(scene.world, job.workspaceId, generationId, scene.random.pick(others), job.createdAt);
      return [expected('account_differs', 'hold', generationId, 0)];
    },
  },
  {
    rules: [14],
    name: 'a ledger has neither account nor job',
    moment: 'before',
    plant: (scene) => {
      const workspaceId = `nowhere-${scene.serial()}`;
      const credits = scene.amount();
      openWorkspace(scene.world, workspaceId, credits);
      scene.world.accounts.delete(workspaceId);
      return [expected('account_differs', 'no_account', workspaceId, credits)];
    },
  },
  {
    rules: [15],
    name: 'an account has given more than it had',
    moment: 'before',
    plant: (scene) => {
      const workspaceId = `below-${scene.serial()}`;
      const credits = scene.amount();
      openWorkspace(scene.world, workspaceId, 100);
      post(scene.world, freeEntry(`spent-${workspaceId}:adjust:1`, workspaceId, 'adjust', -100 - credits));
      return [expected('negative_availability', 'below_zero', workspaceId, -credits)];
    },
  },
  {
    rules: [16],
    name: 'an entry comes after its month was closed',
    moment: 'after',
    plant: (scene) => {
      const period = scene.world.closedPeriods.at(-1);
      if (period === undefined) return null;
      const credits = scene.amount();
      const key = `late-${scene.serial()}:grant:1`;
      const entry = freeEntry(key, scene.workspace(), 'grant', credits, Date.parse(`${period}-15T10:00:00Z`));
      // Either of the two dates is enough.
      const now = new Date(AS_OF_MS - DAY_MS);
      const fields: Partial<LedgerEntry> = scene.random.pick([{}, { period: '2026-11' }, { at: now }]);
      post(scene.world, { ...entry, ...fields });
      return [expected('entry_in_closed_period', 'late', key, credits)];
    },
  },
  {
    rules: [17],
    name: 'the reason of an entry is written anew',
    moment: 'after',
    plant: (scene) => {
      const job = scene.take('completed', 'metered', 'failed', 'refunded');
      if (job === null) return null;
      const { _id } = standingEntry(scene.world, job, 'reserve');
      relabel(scene.world, _id, scene.random.pick([{ reason: 'written anew' }, { attempt: 7 }]));
      return [expected('entry_changed', 'changed', _id, 0)];
    },
  },
  {
    rules: [14, 17],
    name: 'the amount of a grant is changed, and the account not',
    moment: 'after',
    plant: (scene) => {
      const workspaceId = [...scene.world.accounts.keys()].find((id) => id.startsWith('touched-'));
      if (workspaceId === undefined) return null;
      const key = `grant-${workspaceId}:grant:1`;
      const entry = entryOf(scene.world, key);
      if (entry.reason === 'changed') return null;
      const more = scene.amount();
      scene.world.ledger.set(key, { ...entry, credits: entry.credits + more, reason: 'changed' });
      return [expected('entry_changed', 'changed', key, 0), expected('account_differs', 'total', workspaceId, more)];
    },
  },
  {
    rules: [17],
    name: 'a grant that was seen is gone, from ledger and account',
    moment: 'after',
    plant: (scene) => {
      const key = [...scene.world.ledger.keys()].find((id) => id.startsWith('second-'));
      if (key === undefined) return null;
      const { credits } = unpost(scene.world, key);
      // What a memory of hashes can still say of it: the hash of "no generation" and of its key.
      const subject = `${hashText('').toString(16)}#${hashText(key).toString(16)}`;
      return [expected('entry_changed', 'gone', subject, credits)];
    },
  },
];

function plantOtherJob(scene: FaultScene, caseName: string, jobId: () => string): readonly ExpectedFinding[] | null {
  const job = scene.take('completed', 'metered', 'refunded');
  if (job === null) return null;
  const { _id, credits } = standingEntry(scene.world, job, 'capture');
  relabel(scene.world, _id, { jobId: jobId() });
  return [expected('entry_without_job', caseName, _id, credits)];
}
