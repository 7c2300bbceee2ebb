import { mixNumber } from '../hash53.ts';

const LANES = 4;
/** Lanes are counted modulo 2^52, so that a sum of two is still exact. */
const LANE_SIZE = 4_503_599_627_370_496;

/**
 * A digest of rows in no order, to which rows can be added and from which they can be taken away: the sum of four hashes of each.
 * It tells whether two collections of rows are the same; it is no proof against somebody who looks for a collision.
 */
export class MultisetDigest {
  readonly #lanes: number[];

  /** @param lanes of an earlier digest, to go on from */
  constructor(lanes: readonly number[] = []) {
    this.#lanes = Array.from({ length: LANES }, (_, lane) => lanes[lane] ?? 0);
  }

  /** The sums as they stand, to be kept. */
  get lanes(): readonly number[] {
    return [...this.#lanes];
  }

  /** @param rowHash a hash of all that the row says */
  add(rowHash: number): void {
    for (let lane = 0; lane < LANES; lane += 1) {
      const sum = (this.#lanes[lane] ?? 0) + (mixNumber(rowHash, lane + 1) % LANE_SIZE);
      this.#lanes[lane] = sum >= LANE_SIZE ? sum - LANE_SIZE : sum;
    }
  }

  /** Undoes one `add` of the same row. */
  remove(rowHash: number): void {
    for (let lane = 0; lane < LANES; lane += 1) {
      const rest = (this.#lanes[lane] ?? 0) - (mixNumber(rowHash, lane + 1) % LANE_SIZE);
      this.#lanes[lane] = rest < 0 ? rest + LANE_SIZE : rest;
    }
  }

  /** Adds (`by` 1) or takes away (`by` -1) all rows of another digest. */
  combine(lanes: readonly number[], by: 1 | -1): void {
    for (let lane = 0; lane < LANES; lane += 1) {
      const sum = (this.#lanes[lane] ?? 0) + by * (lanes[lane] ?? 0);
      this.#lanes[lane] = sum >= LANE_SIZE ? sum - LANE_SIZE : sum < 0 ? sum + LANE_SIZE : sum;
    }
  }
}
