import type { Job } from '#domain/job.ts';
import type { Scenario } from './clean-job.ts';
import {
  expected,
  generationEntry,
  relabel,
  replaceJob,
  restoreHold,
  rewrite,
  standingEntry,
  type ExpectedFinding,
  type Fault,
  type FaultScene,
} from './fault.ts';
import { post, setHold, unpost } from './world.ts';

/** Faults in what was captured, refunded and priced: rules 1 to 7, 18 and 19. */
export const CHARGE_FAULTS: readonly Fault[] = [
  {
    rules: [1],
    name: 'a running job is captured',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('running', 'validating', 'queued', 'requeued_unattempted');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      setHold(scene.world, job.workspaceId, generationId, 0, job.createdAt);
      post(
        scene.world,
        generationEntry(job, generationId, 'capture', { credits: price, atMs: job.updatedAt.getTime() }),
      );
      return [expected('captured_without_completion', 'open', generationId, price)];
    },
  },
  {
    rules: [2],
    name: 'a completed job keeps its hold and is never captured',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'requeued');
      if (job === null) return null;
      unpost(scene.world, standingEntry(scene.world, job, 'capture')._id);
      restoreHold(scene.world, job, job.billing.price);
      return [expected('completed_without_capture', 'owed', job.billing.generationId, -job.billing.price)];
    },
  },
  {
    rules: [2],
    name: 'a completed job is released instead of captured',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      const { at } = unpost(scene.world, standingEntry(scene.world, job, 'capture')._id);
      post(scene.world, generationEntry(job, generationId, 'release', { credits: price, atMs: at.getTime() }));
      return [expected('completed_without_capture', 'owed', generationId, -price)];
    },
  },
  {
    rules: [3],
    name: 'a completed job is captured again, and a part of it refunded',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'kept');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      const atMs = job.updatedAt.getTime() + 5000;
      const refunded = scene.random.pick([0, scene.amount()]);
      post(scene.world, generationEntry(job, generationId, 'capture', { credits: price, n: 2, atMs }));
      if (refunded > 0) post(scene.world, generationEntry(job, generationId, 'refund', { credits: refunded, atMs }));
      return [expected('captured_twice', 'again', generationId, price - refunded)];
    },
  },
  {
    rules: [4],
    name: 'a completed job is captured above its price',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'kept', 'requeued');
      if (job === null) return null;
      const more = scene.amount();
      const capture = standingEntry(scene.world, job, 'capture');
      rewrite(scene.world, capture._id, { credits: capture.credits + more });
      return [expected('captured_above_price', 'above', job.billing.generationId, more)];
    },
  },
  {
    rules: [3, 4],
    name: 'a completed job is captured above its price and then again',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      const more = scene.amount();
      const capture = standingEntry(scene.world, job, 'capture');
      rewrite(scene.world, capture._id, { credits: capture.credits + more });
      const atMs = capture.at.getTime() + 5000;
      post(scene.world, generationEntry(job, generationId, 'capture', { credits: price, n: 2, atMs }));
      return [
        expected('captured_above_price', 'above', generationId, more),
        expected('captured_twice', 'again', generationId, price),
      ];
    },
  },
  {
    rules: [5],
    name: 'a failed job that paid nothing is refunded',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('failed', 'cancelled');
      if (job === null) return null;
      const credits = scene.amount();
      const atMs = job.updatedAt.getTime() + 5000;
      post(scene.world, generationEntry(job, job.billing.generationId, 'refund', { credits, atMs }));
      return [expected('refunded_without_capture', 'nothing_captured', job.billing.generationId, -credits)];
    },
  },
  {
    rules: [2, 5],
    name: 'a completed job is refunded and was never captured',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('refunded');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      unpost(scene.world, standingEntry(scene.world, job, 'capture')._id);
      restoreHold(scene.world, job, price);
      return [
        expected('completed_without_capture', 'owed', generationId, -price),
        expected('refunded_without_capture', 'nothing_captured', generationId, -price),
      ];
    },
  },
  {
    rules: [6],
    name: 'a refunded job is refunded again',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('refunded');
      if (job === null) return null;
      const credits = scene.amount();
      const atMs = job.updatedAt.getTime() + 5000;
      post(scene.world, generationEntry(job, job.billing.generationId, 'refund', { credits, n: 2, atMs }));
      return [expected('refunded_twice', 'again', job.billing.generationId, -credits)];
    },
  },
  {
    rules: [6],
    name: 'a completed job is refunded more than it paid',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('completed', 'metered');
      if (job === null) return null;
      const more = scene.amount();
      const paid = standingEntry(scene.world, job, 'capture').credits;
      const atMs = job.updatedAt.getTime() + 5000;
      post(scene.world, generationEntry(job, job.billing.generationId, 'refund', { credits: paid + more, atMs }));
      return [expected('refunded_twice', 'too_much', job.billing.generationId, -more)];
    },
  },
  {
    rules: [7],
    name: 'a failed job is captured instead of released',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('failed', 'cancelled');
      if (job === null) return null;
      const { generationId, price } = job.billing;
      const { at } = unpost(scene.world, standingEntry(scene.world, job, 'release')._id);
      post(scene.world, generationEntry(job, generationId, 'capture', { credits: price, atMs: at.getTime() }));
      return [expected('refund_owed', 'not_made', generationId, price)];
    },
  },
  {
    rules: [7],
    name: 'the generation before the retry stays captured',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('requeued', 'requeued_unattempted');
      if (job === null) return null;
      const earlier = `gen-${job._id}`;
      const { at, credits } = unpost(scene.world, `${earlier}:release:1`);
      post(scene.world, generationEntry(job, earlier, 'capture', { credits, atMs: at.getTime() }));
      return [expected('refund_owed', 'not_made', earlier, credits)];
    },
  },
  {
    rules: [18],
    name: 'a failed job cost something and was never reserved',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('failed');
      if (job === null) return null;
      unpost(scene.world, standingEntry(scene.world, job, 'reserve')._id);
      unpost(scene.world, standingEntry(scene.world, job, 'release')._id);
      return [expected('cost_without_charge', 'never_reserved', job.billing.generationId, 0)];
    },
  },
  {
    rules: [18],
    name: 'a retrying job cost something and was never reserved',
    moment: 'before',
    plant: (scene) => {
      const job = scene.take('retrying');
      if (job === null) return null;
      setHold(scene.world, job.workspaceId, job.billing.generationId, 0, job.createdAt);
      unpost(scene.world, standingEntry(scene.world, job, 'reserve')._id);
      return [expected('cost_without_charge', 'never_reserved', job.billing.generationId, 0)];
    },
  },
  {
    rules: [19],
    name: 'a completed job was sold above the list',
    moment: 'before',
    plant: (scene) => plantPrice(scene, 1),
  },
  {
    rules: [19],
    name: 'a completed job was sold below the list',
    moment: 'before',
    plant: (scene) => plantPrice(scene, -1),
  },
  {
    rules: [3, 19],
    name: 'a completed job was sold above the list and captured again',
    moment: 'before',
    plant: (scene) => {
      const found = plantPrice(scene, 1);
      if (found === null) return null;
      const job = scene.world.jobs.get(found[0]?.id.split(':')[2] ?? '');
      if (job === undefined) throw new Error('the job of the planted price is gone');
      const atMs = job.updatedAt.getTime() + 5000;
      const { generationId, price } = job.billing;
      post(scene.world, generationEntry(job, generationId, 'capture', { credits: price, n: 2, atMs }));
      return [...found, expected('captured_twice', 'again', generationId, price)];
    },
  },
  {
    rules: [19],
    name: 'a queued job has another price than the list',
    moment: 'before',
    plant: (scene) => {
      const job = takeListed(scene, 'queued');
      if (job === null) return null;
      const more = scene.amount();
      const price = job.billing.price + more;
      replaceJob(scene.world, { ...job, billing: { ...job.billing, price } });
      relabel(scene.world, standingEntry(scene.world, job, 'reserve')._id, { credits: price });
      restoreHold(scene.world, job, more);
      return [expected('price_differs', 'above', job._id, 0)];
    },
  },
];

function takeListed(scene: FaultScene, ...scenarios: readonly Scenario[]): Job | null {
  for (;;) {
    const job = scene.take(...scenarios);
    if (job === null || job.kind !== 'legacy') return job;
  }
}

function plantPrice(scene: FaultScene, sign: 1 | -1): readonly ExpectedFinding[] | null {
  let job = takeListed(scene, 'completed');
  // Something is left of a price below the list: credits are never negative, and what is free is captured by nobody.
  while (sign < 0 && job !== null && job.billing.price <= 1) job = takeListed(scene, 'completed');
  if (job === null) return null;
  const difference = sign > 0 ? scene.amount() : -Math.min(scene.amount(), job.billing.price - 1);
  const price = job.billing.price + difference;
  replaceJob(scene.world, { ...job, billing: { ...job.billing, price, captured: price } });
  relabel(scene.world, standingEntry(scene.world, job, 'reserve')._id, { credits: price });
  rewrite(scene.world, standingEntry(scene.world, job, 'capture')._id, { credits: price });
  return [expected('price_differs', sign > 0 ? 'above' : 'below', job._id, Math.max(0, difference))];
}
