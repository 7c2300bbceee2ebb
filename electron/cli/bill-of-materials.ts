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

/**
 * The bill of what ships: everything that is installed beside the bundles, and what stands in the page's bundle.
 * @param everything CycloneDX JSON of all packages, those of development included
 * @param installed CycloneDX JSON of what is installed with the application
 * Throws where a bundled package is in neither: then the bill would be wrong.
 */
export function billOfShipped(everything: unknown, installed: unknown, bundled: readonly BundledPackage[]): unknown {
  const all = billSchema.parse(everything);
  const bill = billSchema.parse(installed);
  const known = new Set(bill.components.map(keyOf));
  const missing = bundled.filter((each) => !known.has(`${each.name}@${each.version}`));
  const added = missing.map((each) => {
    const component = all.components.find((candidate) => keyOf(candidate) === `${each.name}@${each.version}`);
    if (component === undefined) throw new Error(`${each.name}@${each.version} is bundled and in no bill`);
    return component;
  });
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

function keyOf({ group, name, version }: z.infer<typeof componentSchema>): string {
  return `${group === undefined || group === '' ? '' : `${group}/`}${name}@${version ?? ''}`;
}
