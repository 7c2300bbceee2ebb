import { Command } from 'commander';
import { startSandbox } from './server.ts';

/** `npm run sandbox`: the sandbox server as a process of its own, until SIGINT or SIGTERM. */
const program = new Command('sandbox')
  .description(
    'An embedded MongoDB-compatible server for development and demonstration; it is not MongoDB and not for production.',
  )
  .option('--data-dir <folder>', 'where the data stands; "memory" keeps nothing', 'memory')
  .option('--port <port>', 'port on loopback; 0 takes a free one', '0')
  .parse();
const options = program.opts<{ dataDir: string; port: string }>();

const sandbox = await startSandbox({
  dataDir: options.dataDir,
  port: Number(options.port),
  log: (message) => process.stderr.write(`${message}\n`),
});
process.stdout.write(`${sandbox.uri}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void sandbox.stop().then(() => process.exit(0));
  });
}
