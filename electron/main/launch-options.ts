import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { DEFAULT_FINANCE_LIMITS } from '#domain/reconciliation/limits.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';
import { engineConfigSchema, type EngineConfig } from '#engine/messages.ts';
import { signInHostsIn } from '#engine/sign-in/sign-in-hosts.ts';
import { namedProviders } from '#engine/provider-settings.ts';

/** How the application is to be started. */
export interface LaunchOptions {
  /** Absolute; null takes the system's folder for application data. */
  readonly dataDir: string | null;
  readonly engine: Omit<EngineConfig, 'dataDir' | 'version'>;
  /** The address of a job that the application was opened with. */
  readonly link: string | null;
  /** The name of the connection to open, null where none was named. */
  readonly profileName: string | null;
  /** True where the sandbox was asked for, whatever was open last. */
  readonly isSandboxAsked: boolean;
  /** True where a runner was asked for by name: beside the sandbox, which needs no asking, one runs anyway. */
  readonly isRunnerAsked: boolean;
}

const environmentSchema = z.object({
  MONGODB_URI: z.string().optional(),
  RUNLEDGER_PROFILE: z.string().optional(),
  RUNLEDGER_DB: z.string().optional(),
  RUNLEDGER_DATA_DIR: z.string().optional(),
  RUNLEDGER_PERSON: z.string().optional(),
  /** In the smallest unit of credits, see `FinanceLimits`. */
  RUNLEDGER_MEND_ALONE_MAX: z.string().regex(/^\d+$/, 'is no whole number').optional(),
  RUNLEDGER_PERIOD_OPEN_MAX: z.string().regex(/^\d+$/, 'is no whole number').optional(),
  RUNLEDGER_READ_ONLY: z.enum(['1', '0', '']).optional(),
});

const DEFAULT_CONCURRENCY = 4;

const OPTIONS = {
  uri: { type: 'string' },
  profile: { type: 'string' },
  sandbox: { type: 'boolean', default: false },
  db: { type: 'string' },
  'data-dir': { type: 'string' },
  person: { type: 'string' },
  'read-only': { type: 'boolean', default: false },
  runner: { type: 'boolean', default: false },
  concurrency: { type: 'string' },
} as const;

/**
 * Reads the command line and the environment; the command line wins. With no URI the sandbox server runs, with demo data and
 * a runner. With one, a runner runs here only where it is asked for: a desktop should not begin to work off a production queue
 * because somebody looks at it.
 * Error: `invalid_request` with what is wrong; the text holds no URI, which may carry a password.
 */
export function readLaunchOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Result<LaunchOptions, AppError> {
  const { values, positionals } = parseArgs({
    args: argv.filter((argument) => !isChromiumSwitch(argument)),
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
  });
  const misused = Object.entries(OPTIONS).find(
    ([name, { type }]) => values[name] !== undefined && typeof values[name] !== type,
  );
  // Passed over, `--read-only=true` would open a connection that writes, and `--uri` at the end another deployment.
  if (misused !== undefined) {
    const [name, { type }] = misused;
    return err(appError('invalid_request', `--${name} ${type === 'boolean' ? 'takes no value' : 'needs a value'}`));
  }
  const parsedEnvironment = safeParse(environmentSchema, environment);
  if (!parsedEnvironment.success) return err(appError('invalid_request', firstIssueOf(parsedEnvironment.error)));
  const env = parsedEnvironment.data;
  const isSandboxAsked = values['sandbox'] === true;
  const isRunnerAsked = values['runner'] === true;
  const namedUri = textOf(values['uri']);
  const profileName =
    isSandboxAsked || namedUri !== null ? null : (textOf(values['profile']) ?? textOf(env.RUNLEDGER_PROFILE));
  // What stands in the environment gives way to what is asked for here and now.
  const mongodbUri = namedUri ?? (isSandboxAsked || profileName !== null ? null : textOf(env.MONGODB_URI));
  const engine = safeParse(engineConfigSchema.omit({ dataDir: true, version: true }), {
    mongodbUri,
    dbName: textOf(values['db']) ?? textOf(env.RUNLEDGER_DB),
    isReadOnly: values['read-only'] === true || env.RUNLEDGER_READ_ONLY === '1',
    personName: textOf(values['person']) ?? textOf(env.RUNLEDGER_PERSON),
    withRunner: (mongodbUri === null && profileName === null) || isRunnerAsked,
    concurrency: Number(textOf(values['concurrency']) ?? DEFAULT_CONCURRENCY),
    isDemo: mongodbUri === null,
    providers: namedProviders(environment),
    signInHosts: signInHostsIn(environment),
    financeLimits: {
      mendAloneCreditsMax: Number(env.RUNLEDGER_MEND_ALONE_MAX ?? DEFAULT_FINANCE_LIMITS.mendAloneCreditsMax),
      periodOpenCreditsMax: Number(env.RUNLEDGER_PERIOD_OPEN_MAX ?? DEFAULT_FINANCE_LIMITS.periodOpenCreditsMax),
    },
  });
  if (!engine.success) return err(appError('invalid_request', firstIssueOf(engine.error)));
  const dataDir = textOf(values['data-dir']) ?? textOf(env.RUNLEDGER_DATA_DIR);
  return ok({
    dataDir: dataDir === null ? null : path.resolve(dataDir),
    engine: engine.data,
    profileName,
    isSandboxAsked,
    isRunnerAsked,
    link: positionals.find((argument) => argument.startsWith('runledger://')) ?? null,
  });
}

/** Electron leaves its own and Chromium's switches in the arguments. */
function isChromiumSwitch(argument: string): boolean {
  return /^--(?!uri|profile|sandbox|db|data-dir|person|read-only|runner|concurrency)/.test(argument);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
