import { MAPPED_PARTS, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import { coverageOfOurs, type MappingCoverage } from '#domain/mapping/coverage.ts';
import { mixedUnitsOf } from '#domain/mapping/credit-units.ts';
import { NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import { explainError } from '#domain/errors.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

/** How many documents of each end of a collection are looked at. */
const SAMPLE_EACH = 100;
const NAMED_MAX = 6;

/** Does the mapping of this connection still cover the documents there? */
export const mappingCheck: DoctorCheck = {
  name: 'mapping',
  run: async ({ store }) => {
    if (!store.ok) return skipped('no server to look at');
    const { look } = store.value;
    if (look.mapping === null) return fine("none: the documents have Runledger's own names");
    const says: string[] = [];
    let areAllSound = true;
    for (const part of MAPPED_PARTS) {
      const sample = await look.sample(NO_MAPPING.collections[part], SAMPLE_EACH);
      if (!sample.ok) return { level: 'error', says: explainError(sample.error), todo: null };
      const coverage = coverageOfOurs(part, sample.value);
      areAllSound &&= coverage.soundDocuments === coverage.documents;
      says.push(wordsOf(part, look.mapping.collections[part], coverage));
    }
    const mixed = mixedUnitsOf(look.mapping);
    if (mixed !== null) says.push(mixed);
    if (areAllSound && mixed === null) return fine(says.join('; '));
    return {
      level: 'warning',
      says: says.join('; '),
      todo: 'Open Connections, edit this connection, and look at its mapping: it shows each field, and what is malformed and why.',
    };
  },
};

function wordsOf(
  part: MappedPart,
  name: string,
  { documents, soundDocuments, fields, faults }: MappingCoverage,
): string {
  const head = name === NO_MAPPING.collections[part] ? part : `${part} in ${name}`;
  if (documents === 0) return `${head}: no document yet`;
  const says = `${head}: ${soundDocuments} of ${documents} sampled documents can be read`;
  const short = fields
    .filter(({ isOptional, among, soundShare }) => !isOptional && among > 0 && soundShare < 1)
    .slice(0, NAMED_MAX);
  const [first] = faults;
  return [
    says,
    ...(short.length === 0
      ? []
      : [short.map(({ ours, soundShare }) => `${ours} ${(soundShare * 100).toFixed(1)} %`).join(', ')]),
    ...(first === undefined ? [] : [`for example ${first.id}, ${first.path}: ${first.reason}`]),
  ].join('; ');
}
