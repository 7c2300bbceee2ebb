import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';
import { z } from 'zod';

const packageSchema = z.object({ name: z.string(), version: z.string() });
const listSchema = z.array(packageSchema);

/** A package of which something stands in a bundle. */
export type BundledPackage = z.infer<typeof packageSchema>;

/**
 * Writes down which packages stand in the page's bundle: they ship, although nothing of them is installed beside it.
 * @param file absolute
 */
export function bundledPackages(file: string): Plugin {
  let root = '';
  return {
    name: 'bundled-packages',
    configResolved(config) {
      root = config.root;
    },
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((output) =>
        // Files that a style sheet names are told relative to the root.
        output.type === 'chunk'
          ? Object.keys(output.modules)
          : output.originalFileNames.map((name) => path.resolve(root, name)),
      );
      const folders = new Set(modules.flatMap((id) => packageFolderOf(id) ?? []));
      const packages = [...folders].map((folder) =>
        packageSchema.parse(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))),
      );
      packages.sort((one, other) => (one.name < other.name ? -1 : 1));
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(packages, null, 2)}\n`);
    },
  };
}

/** The folder of the package that a module belongs to, null for one of the project's own. */
export function packageFolderOf(id: string): string | null {
  const clean = id.replace(/^\0/, '').split('?')[0] ?? '';
  const found = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(clean)?.[1];
  return found ?? null;
}

/** What {@link bundledPackages} wrote. */
export function readBundledPackages(file: string): readonly BundledPackage[] {
  return listSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
