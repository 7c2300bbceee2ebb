import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { jobRowSchema, type JobRow } from '#contract/job-views.ts';
import { REQUESTS, requestNameSchema, type RequestName } from '#contract/requests.ts';
import { ok } from '#domain/result.ts';
import { permissionSchema } from '#domain/people.ts';
import type { Handler, Handlers } from '#engine/handlers/handler.ts';
import type { EnginePort } from '#engine/port.ts';
import { WindowSession } from '#engine/window-session.ts';

/**
 * The engine's side of three ways to carry a page of jobs over a message port: `session`, as the application does it, with permission,
 * both schemas and typed failures; `clone`, the bare structured clone; and `json`, a text.
 */
const { rows, way } = z
  .object({ rows: z.array(jobRowSchema), way: z.enum(['session', 'clone', 'json', 'empty']) })
  .parse(workerData);
const port = parentPort;
if (port === null) throw new Error('this is the engine side of a benchmark, and has no port');

const page: { readonly rows: JobRow[]; readonly nextCursor: string | null } = { rows, nextCursor: null };
if (way === 'session') serveSession();
else
  port.on('message', () => {
    port.postMessage(way === 'empty' ? null : way === 'json' ? JSON.stringify(page) : page);
  });

function serveSession(): void {
  const refuse = (): never => {
    throw new Error('only pages of jobs are asked for here');
  };
  const names: readonly RequestName[] = requestNameSchema.options.filter((name) => name in REQUESTS);
  const jobsPage: Handler<'jobs.page'> = () => Promise.resolve(ok(page));
  const handlers = { ...Object.fromEntries(names.map((name) => [name, refuse])), 'jobs.page': jobsPage } as Handlers;
  const both = { read: null, write: null };
  const access = { view: both, payload: both, money: both, retry: both, policy: both, runner: both, export: both };
  if (permissionSchema.options.some((permission) => !Object.hasOwn(access, permission)))
    throw new Error('there is a permission that this benchmark does not know');
  const enginePort: EnginePort = {
    on: (event: 'message' | 'close', listener: (message: { readonly data: unknown }) => void) => {
      if (event === 'message') port?.on('message', (data: unknown) => listener({ data }));
    },
    postMessage: (message) => port?.postMessage(message),
    start: () => undefined,
    close: () => undefined,
  };
  const context = {
    handlers,
    person: () => ({ actor: { type: 'user' as const, id: 'bench' }, access, lacking: {} }),
    lens: () => null,
    audit: null,
    log: () => undefined,
  };
  new WindowSession(enginePort, context, () => undefined);
}
