import type { FleetLimitsView, FleetRunner } from '#contract/fleet-views.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { isLive, type RunnerNode } from '#domain/runner-node.ts';
import type { Store } from '#store/connection.ts';
import type { ReadableStore } from '#store/ports.ts';
import { whereOpen, type HandlersOf } from './handler.ts';

/**
 * The runners of all machines; they meet on the server alone, so it is asked.
 * @param store null while the server is away
 */
export function fleetHandlers(store: () => Pick<Store, 'reader' | 'writer'> | null): HandlersOf<'fleet'> {
  const withStore = <Value>(
    work: (open: Pick<Store, 'reader' | 'writer'>, now: Date) => Promise<Result<Value, AppError>>,
  ): Promise<Result<Value, AppError>> =>
    whereOpen(store(), async (open) => {
      const now = await open.reader.serverNow();
      return now.ok ? work(open, now.value) : now;
    });
  return {
    'fleet.list': () =>
      withStore(async ({ reader }, now) => {
        const nodes = await reader.listRunners();
        if (!nodes.ok) return nodes;
        const { values, malformed } = nodes.value;
        const runners = values.map((node) => toFleetRunner(node, now)).sort(liveFirst);
        return ok({ runners, malformed, serverNowMs: now.getTime() });
      }),
    'fleet.control': ({ runnerId, wish }, { actor, note }) =>
      withStore(async ({ writer }, now) => {
        const wished = await writer.controlRunner(runnerId, wish, actor);
        if (!wished.ok) return wished;
        note('after', wished.value.control);
        return ok(toFleetRunner(wished.value, now));
      }),
    'fleet.limits': () => withStore(({ reader }) => readLimits(reader)),
    'fleet.setLimits': ({ limits, revision }, { actor, note }) =>
      withStore(async ({ reader, writer }) => {
        const before = await reader.readLimits();
        if (!before.ok) return before;
        note('before', before.value.limits);
        const written = await writer.setLimits(limits, revision, actor);
        if (!written.ok) return written;
        note('after', limits);
        return readLimits(reader);
      }),
  };
}

async function readLimits(reader: ReadableStore): Promise<Result<FleetLimitsView, AppError>> {
  const found = await reader.readLimits();
  if (!found.ok) return found;
  const { limits, revision, concurrency, rates } = found.value;
  return ok({
    limits,
    revision,
    held: concurrency.map(({ scope, name, held, max }) => ({ scope, name, held, max })),
    rates: rates.map(({ provider, requestsLeft, tokensLeft, heldBackUntil }) => ({
      provider,
      requestsLeft,
      tokensLeft,
      heldBackUntilMs: heldBackUntil?.getTime() ?? null,
    })),
  });
}

function liveFirst(left: FleetRunner, right: FleetRunner): number {
  if (left.isLive !== right.isLive) return left.isLive ? -1 : 1;
  return right.heartbeatAtMs - left.heartbeatAtMs || (left.id < right.id ? -1 : 1);
}

function toFleetRunner(node: RunnerNode, now: Date): FleetRunner {
  const { _id: id, host, pid, version, state, concurrency, active, providers, kinds, load, control } = node;
  return {
    id,
    host,
    pid,
    version,
    state,
    concurrency,
    active,
    providers,
    kinds,
    load,
    isLive: isLive(node, now),
    wish:
      control === null
        ? null
        : {
            state: control.state,
            concurrency: control.concurrency,
            by: control.by,
            atMs: control.at.getTime(),
            isObeyed: node.obeyedRevision >= control.revision,
          },
    startedAtMs: node.startedAt.getTime(),
    heartbeatAtMs: node.heartbeatAt.getTime(),
  };
}
