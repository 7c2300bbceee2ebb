import { z } from 'zod';
import type { BundledPackage } from './bundled-packages.ts';

const componentSchema = z.looseObject({
  name: z.string(),
  version: z.string().optional(),
  group: z.string().optional(),
  'bom-ref': z.string().optional(),
});
const billSchema = z.looseObject({
  components: z.array(componentSchema),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })).optional(),
});

/** What runs the bundles: it is in every package, and npm takes it for development because nothing is imported from where it is installed. */
const RUNTIME = 'electron';

/**
 * The bill of what ships: everything that is installed beside the bundles, what stands in the page's bundle, and the runtime.
 * @param everything CycloneDX JSON of all packages, those of development included
 * @param installed CycloneDX JSON of what is installed with the application
 * Throws where a bundled package or the runtime is in neither: then the bill would be wrong.
 */
export function billOfShipped(everything: unknown, installed: unknown, bundled: readonly BundledPackage[]): unknown {
  const all = billSchema.parse(everything);
  const bill = billSchema.parse(installed);
  const known = new Set(bill.components.map(keyOf));
  const missing = bundled.filter((each) => !known.has(`${each.name}@${each.version}`));
  const runtime = all.components.find(({ group = '', name }) => group === '' && name === RUNTIME);
  if (runtime === undefined) throw new Error(`${RUNTIME} ships and is in no bill`);
  const packages = missing.map((each) => {
    const component = all.components.find((candidate) => keyOf(candidate) === `${each.name}@${each.version}`);
    if (component === undefined) throw new Error(`${each.name}@${each.version} is bundled and in no bill`);
    return component;
  });
  const added = known.has(keyOf(runtime)) ? packages : [...packages, runtime];
  const refs = new Set([...bill.components, ...added].map((component) => component['bom-ref']));
  const addedRefs = new Set(added.map((component) => component['bom-ref']));
  const dependencies = (all.dependencies ?? [])
    .filter(({ ref }) => addedRefs.has(ref))
    .map((each) => ({ ...each, dependsOn: each.dependsOn?.filter((ref) => refs.has(ref)) ?? [] }));
  return {
    ...bill,
    components: [...bill.components, ...added],
    dependencies: [...(bill.dependencies ?? []), ...dependencies],
  };
}

const lockSchema = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({
      version: z.string().optional(),
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      optional: z.boolean().optional(),
      peer: z.boolean().optional(),
    }),
  ),
});

/**
 * What ships by the lock file or stands in a bundle, and is not in a bill, each as `name@version`. Optional packages are left out: they
 * are installed on some systems only.
 */
export function missingInBill(bill: unknown, lock: unknown, bundled: readonly BundledPackage[]): readonly string[] {
  const listed = new Set(billSchema.parse(bill).components.map(keyOf));
  const locked = Object.entries(lockSchema.parse(lock).packages).flatMap(([place, each]) => {
    const isShipped = place !== '' && !each.dev && !each.devOptional && !each.optional && !each.peer;
    return isShipped ? [`${place.split('node_modules/').at(-1) ?? ''}@${each.version ?? ''}`] : [];
  });
  const shipped = new Set([...locked, ...bundled.map(({ name, version }) => `${name}@${version}`)]);
  return [...shipped].filter((each) => !listed.has(each)).sort();
}

function keyOf({ group, name, version }: z.infer<typeof componentSchema>): string {
  return `${group === undefined || group === '' ? '' : `${group}/`}${name}@${version ?? ''}`;
}
