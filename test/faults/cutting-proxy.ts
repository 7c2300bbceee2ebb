import { setTimeout as delay } from 'node:timers/promises';
import { startWireProxy, type WireProxy } from '../support/wire-proxy.ts';
import { messageBytesOf, readCommand } from './wire-refusal.ts';

/**
 * Where a connection breaks: before the request is sent, after the server has answered, in the middle of its answer, late, or without anybody
 * being told: it stays open, and nothing passes on it any more.
 */
export const CUTS = ['before_sending', 'after_applying', 'mid_reply', 'stalled', 'silent'] as const;
export type Cut = (typeof CUTS)[number];

/** A TCP proxy that breaks connections, and refuses commands in the server's place, when it is told to. */
export interface CuttingProxy extends WireProxy {
  /** The next request, on whatever connection it comes, breaks in this way. */
  cutNext(cut: Cut): void;
  /** The next command of this name, on whatever connection it comes, is refused with this error code and does not reach the server. */
  refuseNext(name: string, code: number): void;
  /** Forgets faults that were ordered and not made, and ends connections that are silent. */
  relent(): void;
  /** How many commands were refused so far, by their names. */
  refusals(): ReadonlyMap<string, number>;
  /** How many connections were cut so far. */
  cuts(): number;
}

/** Longer than the runners' heartbeat, shorter than their patience with a server. */
const STALL_MS = 700;

/** Starts a proxy before a server on loopback. Rejects where no port is free. */
export async function startCuttingProxy(upstreamPort: number): Promise<CuttingProxy> {
  const ordered: Cut[] = [];
  const refusals: { readonly name: string; readonly code: number }[] = [];
  const refused = new Map<string, number>();
  const silent = new Set<() => void>();
  let made = 0;
  const proxy = await startWireProxy(upstreamPort, ({ client, upstream, end }) => {
    let underWay: Cut | null = null;
    /** Of the message under way, how much is still to come. */
    let bytesToCome = 0;
    const refuse = (request: Buffer): boolean => {
      const command = refusals.length === 0 ? null : readCommand(request);
      const index = refusals.findIndex(({ name }) => name === command?.name);
      const [refusal] = index < 0 ? [] : refusals.splice(index, 1);
      if (command === null || refusal === undefined) return false;
      refused.set(command.name, (refused.get(command.name) ?? 0) + 1);
      client.write(command.refusal(refusal.code));
      return true;
    };
    client.on('data', (request: Buffer) => {
      if (underWay === 'silent') return;
      if (bytesToCome === 0 && refuse(request)) return;
      const size = bytesToCome === 0 ? (messageBytesOf(request) ?? request.length) : bytesToCome;
      bytesToCome = Math.max(0, size - request.length);
      underWay = ordered.shift() ?? underWay;
      if (underWay !== null) made += 1;
      if (underWay === 'before_sending') return end();
      if (underWay === 'silent') silent.add(end);
      upstream.write(request);
    });
    upstream.on('data', (reply) => {
      switch (underWay) {
        case 'after_applying':
          return end();
        case 'mid_reply':
          client.write(reply.subarray(0, Math.floor(reply.length / 2)), end);
          return;
        case 'stalled':
          upstream.pause();
          void delay(STALL_MS).then(end);
          return;
        case 'silent':
          return;
        case 'before_sending':
        case null:
          client.write(reply);
      }
    });
    client.on('close', () => silent.delete(end));
  });
  return {
    ...proxy,
    cutNext: (cut) => ordered.push(cut),
    refuseNext: (name, code) => refusals.push({ name, code }),
    relent: () => {
      ordered.splice(0);
      refusals.splice(0);
      for (const end of silent) end();
    },
    refusals: () => refused,
    cuts: () => made,
  };
}
