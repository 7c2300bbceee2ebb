import type { JobMapping } from './job-mapping.ts';
import type { MappedPart } from './canonical-fields.ts';

/** Credits that are held against one another: a price against a balance, a balance against its ledger. */
const COMPARED: readonly (readonly [MappedPart, string])[] = [
  ['jobs', 'billing.price'],
  ['accounts', 'available'],
  ['accounts', 'held'],
  ['ledger', 'credits'],
];

/** Which credits a mapping reads in which unit, where it reads them in several; null where all are in one. */
export function mixedUnitsOf({ fields }: Pick<JobMapping, 'fields'>): string | null {
  const units = Map.groupBy(COMPARED, ([part, ours]) => {
    const form = fields[part].find((pair) => pair.ours === ours)?.form;
    return form?.type === 'credits_whole' ? `whole credits of ${form.decimals} decimals` : 'smallest units';
  });
  if (units.size < 2) return null;
  const words = [...units].map(([unit, some]) => `${some.map(([, ours]) => ours).join(', ')} in ${unit}`);
  return `credits are read in different units: ${words.join('; ')}`;
}
