import type { MappedPartView, MappingLook } from '#contract/mapping-views.ts';
import type { AppError } from '#domain/errors.ts';
import { idTextOf } from '#domain/job.ts';
import { MAPPED_PARTS, type MappedPart } from '#domain/mapping/canonical-fields.ts';
import { coverageOf, previewOf } from '#domain/mapping/coverage.ts';
import { foreignFieldsOf } from '#domain/mapping/foreign-shape.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { toOurs, type MappedDocument } from '#domain/mapping/mapped-documents.ts';
import { proposeCollections, proposeMapping, stateWordsOf, type MappingSamples } from '#domain/mapping/proposal.ts';
import { ok, type Result } from '#domain/result.ts';
import type { ServerLook } from '#store/server-look.ts';

/** How many documents of each end of a collection are looked at. */
const SAMPLE_EACH = 100;
const PREVIEWS = 3;
const COLLECTIONS_MAX = 5000;
/** How many of their words for states are named. */
const STATE_WORDS_MAX = 50;

/** What is looked at. */
export interface MappingQuestion {
  /** Null proposes one. */
  readonly mapping: JobMapping | null;
  /** The collections to propose for; null chooses them too. */
  readonly collections: JobMapping['collections'] | null;
}

/**
 * Samples the collections of a database and says what a mapping makes of the documents, or proposes one. Reads only.
 * @param look of the database as it is, through no mapping
 */
export async function lookAtMapping(
  look: ServerLook,
  question: MappingQuestion,
): Promise<Result<MappingLook, AppError>> {
  const listed = await look.collectionNames();
  if (!listed.ok) return listed;
  const names = listed.value.slice(0, COLLECTIONS_MAX);
  const collections = question.mapping?.collections ?? question.collections ?? proposeCollections(names);
  const samples = await sampleAll(look, collections);
  if (!samples.ok) return samples;
  const mapping = question.mapping ?? proposeMapping(collections, samples.value);
  const words = stateWordsOf(mapping.fields.jobs, foreignFieldsOf(samples.value.jobs));
  return ok({
    mapping,
    collections: [...names],
    parts: MAPPED_PARTS.map((part) => ({
      ...partView(mapping, part, samples.value[part]),
      isThere: names.includes(mapping.collections[part]),
    })),
    stateWords: words.slice(0, STATE_WORDS_MAX),
  });
}

async function sampleAll(
  look: ServerLook,
  collections: JobMapping['collections'],
): Promise<Result<MappingSamples, AppError>> {
  const samples = { jobs: emptySample(), accounts: emptySample(), ledger: emptySample() };
  for (const part of MAPPED_PARTS) {
    const sample = await look.sample(collections[part], SAMPLE_EACH);
    if (!sample.ok) return sample;
    samples[part] = sample.value;
  }
  return ok(samples);
}

function emptySample(): readonly MappedDocument[] {
  return [];
}

function partView(
  mapping: JobMapping,
  part: MappedPart,
  documents: readonly MappedDocument[],
): Omit<MappedPartView, 'isThere'> {
  const collection = mappedCollection(mapping, part);
  const { fields, faults, soundDocuments } = coverageOf(collection, documents);
  return {
    part,
    documents: documents.length,
    soundDocuments,
    paths: foreignFieldsOf(documents).map(({ path, documents: count, kinds, decimals }) => ({
      path,
      documents: count,
      kinds: [...kinds],
      decimals,
    })),
    coverage: fields.map((field) => ({ ...field })),
    faults: faults.map((fault) => ({ ...fault })),
    preview: documents.slice(0, PREVIEWS).map((document) => ({
      id: idTextOf(document['_id']),
      values: previewOf(part, toOurs(collection, document)).map((value) => ({ ...value })),
    })),
  };
}
