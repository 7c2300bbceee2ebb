import type { Db } from 'mongodb';
import { z } from 'zod';
import type { Doc } from './doc.ts';
import { describeMismatch } from './match.ts';
import { NO_ENTITIES } from './match-context.ts';
import type { Requirement } from './unified-file.ts';

/** What tests ask of the server they run on. */
export interface ServerFacts {
  readonly version: string;
  readonly topology: 'single' | 'replicaset' | 'sharded';
  readonly hasAuth: boolean;
  readonly parameters: Doc;
  /** The name of the replica set that the server is a member of; null for none. */
  readonly setName: string | null;
  /** True for the project's own server, which says so in its build info. */
  readonly isSandbox: boolean;
}

const helloReply = z.object({ setName: z.string().optional(), msg: z.string().optional() });
const buildReply = z.object({ version: z.string(), runledgerSandbox: z.boolean().optional() });

/** Asks the server what it is. */
export async function serverFacts(admin: Db, hasAuth: boolean): Promise<ServerFacts> {
  const hello = helloReply.parse(await admin.command({ hello: 1 }));
  const build = buildReply.parse(await admin.command({ buildInfo: 1 }));
  // A server that has no parameters to show meets no requirement on them.
  const parameters: Doc = await admin.command({ getParameter: '*' }).catch(() => ({}));
  const topology = hello.msg === 'isdbgrid' ? 'sharded' : hello.setName === undefined ? 'single' : 'replicaset';
  const isSandbox = build.runledgerSandbox === true;
  return { version: build.version, topology, hasAuth, parameters, setName: hello.setName ?? null, isSandbox };
}

/** @returns null where the server meets one of the requirements, and otherwise what is missing from each */
export function unmetRequirement(requirements: readonly Requirement[] | undefined, server: ServerFacts): string | null {
  if (requirements === undefined || requirements.length === 0) return null;
  const reasons = requirements.map((requirement) => missing(requirement, server));
  return reasons.includes(null) ? null : `runOnRequirements: ${reasons.join('; or ')}`;
}

function missing(requirement: Requirement, server: ServerFacts): string | null {
  const { minServerVersion: min, maxServerVersion: max, topologies } = requirement;
  if (min !== undefined && compareVersions(server.version, min) < 0)
    return `minServerVersion ${min}, this server is ${server.version}`;
  if (max !== undefined && compareVersions(server.version, max) > 0)
    return `maxServerVersion ${max}, this server is ${server.version}`;
  if (topologies !== undefined && !topologies.includes(server.topology))
    return `topologies ${topologies.join(', ')}, this server is a ${server.topology}`;
  if (requirement.serverless === 'require') return 'serverless require, this server is not serverless';
  if (requirement.auth === true && !server.hasAuth) return 'auth true, this server runs without authentication';
  if (requirement.auth === false && server.hasAuth) return 'auth false, this server runs with authentication';
  if (requirement.authMechanism !== undefined) return `authMechanism ${requirement.authMechanism}`;
  if (requirement.csfle !== undefined && requirement.csfle !== false)
    return 'csfle, client-side encryption is not installed';
  for (const [name, value] of Object.entries(requirement.serverParameters ?? {})) {
    const mismatch = describeMismatch(value, server.parameters[name], NO_ENTITIES);
    if (mismatch !== null) return `serverParameters ${name}: ${mismatch}`;
  }
  return null;
}

/** Compares versions such as 7.0.14 and 4.4 number by number; a missing number is 0. */
function compareVersions(left: string, right: string): number {
  const [a, b] = [numbersOf(left), numbersOf(right)];
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return (version.split('-')[0] ?? '').split('.').map(Number);
}
