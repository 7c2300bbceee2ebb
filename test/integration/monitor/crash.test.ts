import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopyRounds } from '../../support/copy-rounds.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { SeededRandom } from '../../support/model-random.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

/** A few of the rounds that `npm run faults -- --copy --rounds 200` runs by hand. */
const ROUNDS = 6;
const SECONDS_PER_ROUND = 15;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('a copy whose process is killed', () => {
  it(
    `equals the server after each of ${ROUNDS} rounds of kills at random points while the server changes`,
    { timeout: (ROUNDS + 4) * SECONDS_PER_ROUND * 1000 },
    async () => {
      const store = await server.openStore();
      expectOk(await store.writer.createIndexes());
      const seed = Math.floor(Math.random() * 2 ** 31);
      const rounds = new CopyRounds(
        { uri: server.uri, db: server.client.db(server.dbName), store },
        new SeededRandom(seed),
      );
      for (let round = 0; round < ROUNDS; round += 1) {
        expect({ seed, round, findings: await rounds.run() }).toEqual({ seed, round, findings: [] });
      }
      expect(rounds.deeds.kills).toBeGreaterThanOrEqual(ROUNDS);
      rounds.end();
    },
  );
});
