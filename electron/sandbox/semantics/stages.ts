import { bucketAuto } from './stages/automatic-buckets.ts';
import { densify } from './stages/densifying.ts';
import { bucket, count, group, limit, sample, skip, sort, sortByCount } from './stages/gathering.ts';
import { graphLookup } from './stages/graph-lookup.ts';
import { documents, facet, lookup, unionWith } from './stages/joining.ts';
import { fill, setWindowFields } from './stages/setting-windows.ts';
import { redact } from './stages/redacting.ts';
import { addFields, match, project, replaceRoot, replaceWith, unset, unwind } from './stages/shaping.ts';
import type { CompileStage } from './stages/stage.ts';

/** The stages that are our own. */
export const STAGES: Readonly<Record<string, CompileStage>> = {
  $match: match,
  $addFields: addFields,
  $set: addFields,
  $unset: unset,
  $redact: redact,
  $project: project,
  $replaceRoot: replaceRoot,
  $replaceWith: replaceWith,
  $limit: limit,
  $skip: skip,
  $sort: sort,
  $group: group,
  $count: count,
  $sortByCount: sortByCount,
  $unwind: unwind,
  $lookup: lookup,
  $graphLookup: graphLookup,
  $unionWith: unionWith,
  $facet: facet,
  $bucket: bucket,
  $bucketAuto: bucketAuto,
  $sample: sample,
  $setWindowFields: setWindowFields,
  $fill: fill,
  $densify: densify,
  $documents: documents,
};
