import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Collection, Db } from 'mongodb';
import { COLLECTION_NAMES } from '#store/collections.ts';
import type { Store } from '#store/connection.ts';
import { contradictionsOf, differingParts } from './copy-digest.ts';
import { endWithThisProcess } from './end-with-this-process.ts';
import { expectOk } from './expect-ok.ts';
import { grant, queuedJob } from './job-builder.ts';
import type { SeededRandom } from './model-random.ts';
import { setupCopy } from './monitored-copy.ts';

/** How long a copy may take to come up to a server that is at rest; only a copy that is wrong takes that long. */
const SAME_MS_MAX = 60_000;
const LOOK_MS = 50;
const WORKSPACES = ['w1', 'w2', 'w3'] as const;

/** Where the documents are that a copy is kept of. */
export interface CopiedServer {
  readonly uri: string;
  readonly db: Db;
  readonly store: Store;
}

/** What was done in all rounds so far, and where the documents stood. */
export interface CopyDeeds {
  rounds: number;
  kills: number;
  /** Kills while the first copy was being made. */
  killsInSnapshot: number;
  /** Rounds that began without a file. */
  freshFiles: number;
  /** Documents that were deleted on the server. */
  deletions: number;
  /** How the copy followed at the end of each round. */
  readonly modes: Record<string, number>;
  documents: number;
}

/**
 * Rounds of a crash test: a process keeps a copy and is killed at a random point while the server changes; the next one goes on
 * with the file that it left, and has to come to the server's own digests.
 */
export class CopyRounds {
  readonly deeds: CopyDeeds = {
    rounds: 0,
    kills: 0,
    killsInSnapshot: 0,
    freshFiles: 0,
    deletions: 0,
    modes: {},
    documents: 0,
  };
  readonly #server: CopiedServer;
  readonly #random: SeededRandom;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'runledger-copy-rounds-'));
  readonly #file = path.join(this.#folder, 'copy.sqlite');

  constructor(server: CopiedServer, random: SeededRandom) {
    this.#server = server;
    this.#random = random;
  }

  /** One round. @returns what is wrong after it; empty where the copy is the server's */
  async run(): Promise<readonly string[]> {
    const { deeds } = this;
    deeds.rounds += 1;
    if (deeds.rounds === 1) await this.#fund();
    if (deeds.rounds > 1 && this.#random.chance(0.25)) {
      // So that deaths in the middle of a first copy are as frequent as those of one that only follows.
      for (const ending of ['', '-wal', '-shm']) rmSync(this.#file + ending, { force: true });
      deeds.freshFiles += 1;
    }
    const findings: string[] = [];
    for (let kills = this.#random.chance(0.2) ? 2 : 1; kills > 0; kills -= 1) {
      const [ended] = await Promise.all([this.#keepAndKill(), this.#changeServer()]);
      if (ended !== null) findings.push(ended);
      findings.push(...contradictionsOf(this.#file).map((line) => `after a kill: ${line}`));
    }
    return [...findings, ...(await this.#comeToRest())];
  }

  /** Throws the copy away. */
  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #fund(): Promise<void> {
    for (const workspaceId of WORKSPACES)
      expectOk(await this.#server.store.writer.postEntry(grant(workspaceId, 10_000_000)));
  }

  /** @returns null where it was killed as it should; else how it ended by itself, which would prove nothing */
  async #keepAndKill(): Promise<string | null> {
    const script = fileURLToPath(new URL('copy-process.ts', import.meta.url));
    const { uri, db } = this.#server;
    const child = spawn(process.execPath, [script, uri, db.databaseName, this.#file], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // The program is compiled once and not for each of some hundred processes.
      env: { ...process.env, NODE_COMPILE_CACHE: path.join(this.#folder, 'compiled') },
    });
    endWithThisProcess(child);
    const exited = once(child, 'exit');
    // After some of what it tells, and then anywhere within what it does next.
    const [lines, laterMs] = [this.#random.between(1, 14), this.#random.between(0, 25)];
    let [told, isCopying, dying]: [number, boolean, Promise<void> | null] = [0, false, null];
    for await (const line of createInterface({ input: child.stdout })) {
      told += 1;
      if (line !== 'change') isCopying = line === 'snapshot';
      if (told < lines || dying !== null) continue;
      const wasCopying = isCopying;
      dying = delay(laterMs).then(() => {
        child.kill('SIGKILL');
        this.deeds.kills += 1;
        if (wasCopying) this.deeds.killsInSnapshot += 1;
      });
    }
    await dying;
    await exited;
    const { signalCode, exitCode } = child;
    return signalCode === 'SIGKILL' ? null : `the process that keeps the copy ended by itself with ${exitCode ?? '?'}`;
  }

  /** Jobs come, are paid for, run, are deleted, and so is now and then what nobody should delete. */
  async #changeServer(): Promise<void> {
    const { db, store } = this.#server;
    const random = this.#random;
    const { rounds } = this.deeds;
    for (let n = random.between(1, 4); n > 0; n -= 1) {
      const fresh = Array.from({ length: random.between(5, 40) }, () =>
        queuedJob({
          id: `job-${random.between(0, 9999)}-${rounds}-${random.between(0, 1e9)}`,
          workspaceId: random.pick(WORKSPACES),
          createdAt: new Date(),
        }),
      );
      expectOk(await store.writer.insertJobs(fresh));
      expectOk(await store.writer.reserveDue({ limit: 20 }));
      expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit: 10, leaseMs: 60_000 }));
      await this.#deleteSome(db.collection(COLLECTION_NAMES.jobs), 0.06);
      if (random.chance(0.3)) await this.#deleteSome(db.collection(COLLECTION_NAMES.ledger), 0.02);
      await delay(random.between(0, 60));
    }
  }

  async #deleteSome(collection: Collection<{ _id: string }>, share: number): Promise<void> {
    const found = await collection.find().project<{ _id: string }>({ _id: 1 }).sort({ _id: 1 }).toArray();
    const ids = found.map(({ _id }) => _id).filter(() => this.#random.chance(share));
    if (ids.length === 0) return;
    const { deletedCount } = await collection.deleteMany({ _id: { $in: ids } });
    this.deeds.deletions += deletedCount;
  }

  async #comeToRest(): Promise<readonly string[]> {
    const copy = setupCopy(this.#file);
    try {
      copy.start(this.#server.store.changes);
      const beganMs = performance.now();
      for (;;) {
        const differing = await differingParts(copy.cache, this.#server.store.changes);
        const { isComplete, isSnapshotOpen } = expectOk(copy.cache.reader.standing());
        const { mode = 'unknown', error = null } = copy.statuses.at(-1) ?? {};
        const isFollowing = mode === 'stream' || mode === 'polling';
        if (differing.length === 0 && isComplete && !isSnapshotOpen && isFollowing && error === null) {
          this.deeds.modes[mode] = (this.deeds.modes[mode] ?? 0) + 1;
          break;
        }
        if (performance.now() - beganMs > SAME_MS_MAX) {
          return [
            `after ${SAME_MS_MAX} ms it is ${mode}, ${error?.code ?? 'without an error'}, ${isComplete ? 'complete' : 'not complete'}`,
            ...differing.map((one) => `the copy is another than the server: ${JSON.stringify(one)}`),
          ];
        }
        await delay(LOOK_MS);
      }
      const counts = expectOk(copy.cache.reader.documentCounts());
      this.deeds.documents = counts.jobs + counts.accounts + counts.ledger;
      return contradictionsOf(this.#file);
    } finally {
      await copy.end();
    }
  }
}
