import { Command, InvalidArgumentError } from 'commander';
import { startSandbox, type FirstUser } from './server.ts';

/** `npm run sandbox`: the sandbox server as a process of its own, until SIGINT or SIGTERM. */
const program = new Command('npm run sandbox --')
  .description(
    'An embedded MongoDB-compatible server for development and demonstration; it is not MongoDB and not for production.',
  )
  .option('--data-dir <folder>', 'where the data stands; "memory" keeps nothing', 'memory')
  .option('--port <port>', 'port on loopback; 0 takes a free one', portOf, 0)
  .option('--auth', 'clients must log in (SCRAM-SHA-256) and their roles are enforced', false)
  .addHelpText(
    'after',
    `
With --auth, RUNLEDGER_SANDBOX_USER and RUNLEDGER_SANDBOX_PASSWORD name a user that is made with the role root where there is
none of that name yet; without them the first user is made by whoever connects, with createUser on the database admin.`,
  )
  .parse();
const options = program.opts<{ dataDir: string; port: number; auth: boolean }>();

/** The first user, out of the environment: every user of the machine can list the arguments of a process. */
function firstUsers(): readonly FirstUser[] {
  const { RUNLEDGER_SANDBOX_USER: name, RUNLEDGER_SANDBOX_PASSWORD: password } = process.env;
  if (name === undefined || password === undefined || name === '' || password === '') return [];
  return [{ name, password, roles: [{ name: 'root', db: 'admin' }] }];
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
}

try {
  const sandbox = await startSandbox({
    dataDir: options.dataDir,
    port: options.port,
    ...(options.auth ? { auth: { users: firstUsers() } } : {}),
    log: (message) => process.stderr.write(`${message}\n`),
  });
  process.stdout.write(`${sandbox.uri}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void sandbox.stop().then(() => process.exit(0));
    });
  }
} catch (cause) {
  process.stderr.write(`The sandbox server did not start: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
}
