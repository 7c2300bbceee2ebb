import { openFindings } from '#domain/reconciliation/comparison.ts';
import { proposeMends } from '#domain/reconciliation/mends.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { rememberSeen } from '#domain/reconciliation/seen-entries.ts';
import { AS_OF_MS } from './clean-job.ts';
import { postMends } from './post-mends.ts';
import { violationsAfterMends } from './invariants-after-mends.ts';
import { makeCleanWorld, makeSeededWorld, pickFaults } from './seeded-world.ts';
import { ruleOptionsOf, viewOf, type World } from './world.ts';
import { SeededRandom } from './seeded-random.ts';

/** What many random worlds came to; all but `worlds` and `planted` are to be 0. */
export interface WorldsResult {
  readonly worlds: number;
  /** Faults planted over all worlds. */
  readonly planted: number;
  /** Findings in worlds without a fault. */
  readonly cleanFindings: number;
  /** Planted findings that were not found, or with another amount. */
  readonly missed: number;
  /** Findings that nothing was planted for. */
  readonly extra: number;
  /** Findings that were still open in a second run, after all mends of the first were posted. */
  readonly afterMends: number;
  /** Invariants of the books that the mended ones break. */
  readonly violations: number;
  /** The seeds of the worlds in which anything went wrong, at most 20. */
  readonly seeds: readonly number[];
}

/**
 * Makes a clean and a seeded world for each seed, reconciles both, mends the seeded one and reconciles it again. Documents
 * come in random order.
 */
export function checkWorlds(count: number, firstSeed = 1): WorldsResult {
  const total = { planted: 0, cleanFindings: 0, missed: 0, extra: 0, afterMends: 0, violations: 0 };
  const seeds: number[] = [];
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const one = checkWorld(seed);
    total.planted += one.planted;
    total.cleanFindings += one.cleanFindings;
    total.missed += one.missed.length;
    total.extra += one.extra.length;
    total.afterMends += one.afterMends.length;
    total.violations += one.violations.length;
    const isWrong =
      one.cleanFindings > 0 ||
      [one.missed, one.extra, one.afterMends, one.violations].some((wrong) => wrong.length > 0);
    if (isWrong && seeds.length < 20) seeds.push(seed);
  }
  return { worlds: count, ...total, seeds };
}

/** What one seed's worlds came to, by finding. */
export interface WorldCheck {
  readonly planted: number;
  readonly cleanFindings: number;
  readonly missed: readonly string[];
  readonly extra: readonly string[];
  readonly afterMends: readonly string[];
  readonly violations: readonly string[];
}

/** Checks the world of one seed, clean and with its faults, as {@link WorldCheck} tells. */
export function checkWorld(seed: number): WorldCheck {
  const random = new SeededRandom(seed ^ 0x0bde);
  const size = { jobs: random.between(17, 90), workspaces: random.between(1, 4) };
  const clean = makeCleanWorld(seed, size);
  const cleanFindings = findingsOf(clean, random).findings.length;
  const { world, planted, expected } = makeSeededWorld(seed, size, pickFaults(seed));
  const { findings, view } = findingsOf(world, random);
  const amounts = new Map(findings.map((finding) => [finding.id, finding.credits]));
  const wanted = new Set(expected.map((finding) => finding.id));
  const proposals = proposeMends(view, findings, { at: new Date(AS_OF_MS), actor: { type: 'user', id: 'finance' } });
  world.seen = rememberSeen(view, world.seen, null);
  const acceptances = postMends(world, proposals, findings);
  const accepted = new Set(acceptances.map(({ findingId }) => findingId));
  return {
    planted: planted.length,
    cleanFindings,
    missed: expected.filter(({ id, credits }) => amounts.get(id) !== credits).map(({ id }) => id),
    extra: findings.filter(({ id }) => !wanted.has(id)).map(({ id }) => id),
    afterMends: openFindings(findingsOf(world, random).findings, acceptances).map(({ id }) => id),
    violations: violationsAfterMends(
      world,
      findings.filter(({ id }) => accepted.has(id)),
    ),
  };
}

function findingsOf(world: World, random: SeededRandom) {
  const view = viewOf(world, random);
  return { view, findings: reconcile(view, ruleOptionsOf(world)).findings };
}
