import type { Database } from 'better-sqlite3';
import { healthContributionsOf, type HealthFacts } from '#domain/health/health-facts.ts';
import { bucketOf, HEALTH_GRAINS, WORKSPACE_GRAIN } from './health-grains.ts';
import { HealthTable, KeyedSums, writeSums } from './health-table.ts';
import { WorkspaceTotals } from './workspace-totals.ts';

/**
 * Gathers what a transaction does to the figures of health and writes it at the end of the same transaction. Each job is taken out
 * as it stood and put in as it stands, so the figures are exact after any updates, deletions and re-reads.
 */
export class HealthRollUps {
  readonly #health: HealthTable;
  readonly #workspaces: HealthTable;
  readonly #totals: readonly WorkspaceTotals[];
  #fine = new KeyedSums();
  #ofWorkspaces = new KeyedSums();

  constructor(db: Database) {
    this.#health = new HealthTable(db, 'health', ['grain', 'bucket', 'kind', 'provider', 'model']);
    this.#workspaces = new HealthTable(db, 'workspace_health', [
      'grain',
      'bucket',
      'workspace',
      'kind',
      'provider',
      'model',
    ]);
    this.#totals = [new WorkspaceTotals(db, 'workspace_totals'), new WorkspaceTotals(db, 'workspace_model_totals')];
  }

  move(facts: HealthFacts, by: 1 | -1): void {
    const { kind, provider, model, workspace } = facts;
    const dimensions = [kind, provider, model];
    const name = dimensions.join('\0');
    const ofWorkspace = [workspace, ...dimensions];
    const nameOfWorkspace = `${workspace}\0${name}`;
    for (const contribution of healthContributionsOf(facts)) {
      const bucket = bucketOf(contribution.atMs, HEALTH_GRAINS[0]);
      this.#fine.at(bucket, name, dimensions).addContribution(contribution, by);
      const day = bucketOf(contribution.atMs, WORKSPACE_GRAIN);
      this.#ofWorkspaces.at(day, nameOfWorkspace, ofWorkspace).addContribution(contribution, by);
    }
  }

  reset(): void {
    this.#fine = new KeyedSums();
    this.#ofWorkspaces = new KeyedSums();
  }

  /** Writes what was gathered; belongs into the transaction that changed the rows. */
  flush(): void {
    // Each length of buckets is summed up from the one before, all of them before a row that stands is added to any.
    let [grain, rows, whole]: [number, KeyedSums, KeyedSums] = [HEALTH_GRAINS[0], this.#fine, this.#fine.whole()];
    const all = [{ grain, rows, whole }];
    for (const longer of HEALTH_GRAINS.slice(1)) {
      const times = longer / grain;
      [grain, rows, whole] = [longer, rows.coarser(times), whole.coarser(times)];
      all.push({ grain, rows, whole });
    }
    for (const of of all) {
      writeSums(this.#health, of.grain, of.rows);
      writeSums(this.#health, of.grain, of.whole);
    }
    for (const totals of this.#totals) totals.add(this.#ofWorkspaces);
    writeSums(this.#workspaces, WORKSPACE_GRAIN, this.#ofWorkspaces);
    this.reset();
  }
}
