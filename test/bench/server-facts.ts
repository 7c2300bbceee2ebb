import { MongoClient } from 'mongodb';
import { z } from 'zod';
import { benchCase, type BenchCase } from './figures.ts';

const buildInfoSchema = z.looseObject({ version: z.string(), runledgerSandbox: z.boolean().default(false) });
const helloSchema = z.looseObject({ setName: z.string().nullable().default(null) });
const statusSchema = z.looseObject({
  storageEngine: z.looseObject({ name: z.string(), persistent: z.boolean() }).nullable().default(null),
  mem: z.looseObject({ resident: z.number() }).nullable().default(null),
});

/** What a server says that it is. */
export interface ServerFacts {
  readonly product: 'sandbox' | 'other';
  readonly version: string;
  readonly topology: 'replica set' | 'standalone';
  readonly storageEngine: string | null;
  /** Whether what it acknowledges is on a disk; null where it does not say. */
  readonly isDurable: boolean | null;
  /** The write concern that writes of the measurement carry unless they say otherwise. */
  readonly writeConcern: string;
}

/** Reads what a server is, so that a figure names what it was measured on. Rejects where it cannot be reached. */
export async function serverFacts(uri: string): Promise<ServerFacts> {
  const client = await new MongoClient(uri).connect();
  try {
    const admin = client.db('admin');
    const info = buildInfoSchema.parse(await admin.command({ buildInfo: 1 }));
    const hello = helloSchema.parse(await admin.command({ hello: 1 }));
    const status = await statusOf(client);
    return {
      product: info.runledgerSandbox ? 'sandbox' : 'other',
      version: info.version,
      topology: hello.setName === null ? 'standalone' : 'replica set',
      storageEngine: status.storageEngine?.name ?? null,
      isDurable: status.storageEngine?.persistent ?? null,
      writeConcern: JSON.stringify(client.options.writeConcern ?? { w: 'the default of the server' }),
    };
  } finally {
    await client.close();
  }
}

/**
 * The facts of a server of the benchmark's own. Throws where it is not what the figures say that they were measured on: a sandbox
 * server, durable or not as was asked for.
 */
export async function ownServerFacts(
  uri: string,
  { isDurable }: { readonly isDurable: boolean },
): Promise<ServerFacts> {
  const facts = await serverFacts(uri);
  if (facts.product !== 'sandbox' || facts.isDurable !== isDurable) {
    throw new Error(
      `a sandbox that is ${isDurable ? '' : 'not '}durable was asked for, and there is ${JSON.stringify(facts)}`,
    );
  }
  return facts;
}

/** The resident set of a server's process as a case; none where it does not say. */
export async function serverMemoryCases(uri: string): Promise<readonly BenchCase[]> {
  const client = await new MongoClient(uri).connect();
  try {
    const { mem } = await statusOf(client);
    return mem === null ? [] : [benchCase({ name: 'memory of the server at the end', unit: 'MB', ours: mem.resident })];
  } finally {
    await client.close();
  }
}

/** Who may not ask for the status, or asks an engine that has none, learns nothing from it. */
async function statusOf(client: MongoClient): Promise<z.infer<typeof statusSchema>> {
  const answer = await client
    .db('admin')
    .command({ serverStatus: 1 })
    .catch(() => ({}));
  return statusSchema.parse(answer);
}
