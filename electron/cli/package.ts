import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { build, Platform } from 'electron-builder';
import { buildIfStale } from './bundle.ts';
import { findOrFetchElectron } from './electron-runtime.ts';
import { packagingConfig } from './packaging.ts';
import { writeBill } from './write-bill.ts';

/**
 * `npm run package`: what people install, for the system that this runs on or the ones that are named, and the bill of what is in
 * it. Exit statuses: 0 packaged, 1 it failed, 3 the runtime cannot be had here, so that nothing but the bundles and the bill
 * was made.
 */
const EXIT_FAILED = 1;
const EXIT_NO_RUNTIME = 3;

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface PackageFlags {
  readonly dir: boolean;
  readonly linux: boolean;
  readonly mac: boolean;
  readonly win: boolean;
}

const program = new Command('npm run package --')
  .description('Packages Runledger, and writes the bill of materials of what ships to dist/bill-of-materials.json.')
  .option('--dir', 'a folder that runs, and no installer', false)
  .option('--linux', 'AppImage and deb', false)
  .option('--mac', 'dmg and zip', false)
  .option('--win', 'an installer', false)
  .showHelpAfterError()
  .parse();

process.exitCode = await run(program.opts<PackageFlags>());

async function run(flags: PackageFlags): Promise<number> {
  if (!buildIfStale(root, say) || writeBill(root, say) === null) return EXIT_FAILED;
  const executable = findOrFetchElectron({ root, env: process.env, isInsisting: false, now: Date.now(), say });
  if (executable === null) {
    say('Not packaged: Electron cannot be had on this machine. Bundles and bill of materials stand in out/ and dist/.');
    return EXIT_NO_RUNTIME;
  }
  const asked = [
    ...(flags.linux ? [Platform.LINUX] : []),
    ...(flags.mac ? [Platform.MAC] : []),
    ...(flags.win ? [Platform.WINDOWS] : []),
  ];
  const platforms = asked.length > 0 ? asked : [Platform.current()];
  const others = platforms.filter((platform) => platform !== Platform.current());
  const missing = others.map(addonOf).filter((name) => !existsSync(path.join(root, 'node_modules', name)));
  if (missing.length > 0) {
    say(
      `Not packaged: ${missing.join(', ')} is not installed, without which it would not run there. Package it on that system.`,
    );
    return EXIT_FAILED;
  }
  const targets = new Map(platforms.flatMap((platform) => [...platform.createTarget(flags.dir ? 'dir' : null)]));
  try {
    const files = await build({
      targets,
      projectDir: root,
      publish: 'never',
      // The runtime that is here fits this system and no other.
      config: packagingConfig(process.env, others.length === 0 ? path.dirname(executable) : null),
    });
    for (const file of files) say(path.relative(root, file));
    return 0;
  } catch (cause) {
    say(`Not packaged: ${cause instanceof Error ? cause.message : String(cause)}`);
    return EXIT_FAILED;
  }
}

/** The package with sharp's addon for another system: npm installs that of the one it runs on alone. */
function addonOf({ nodeName }: Platform): string {
  return `@img/sharp-${nodeName}-${process.arch}`;
}
