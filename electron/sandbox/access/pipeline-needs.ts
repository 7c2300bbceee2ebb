import { isDoc, type Doc } from '../semantics/values.ts';
import type { Target } from './privilege.ts';

/** Actions that somebody must be allowed on something. */
export interface Need {
  readonly target: Target;
  readonly actions: readonly string[];
  readonly isWrite?: true;
}

/** What a pipeline needs: reading what it reads, also in the pipelines inside it, and writing where it writes. */
export function pipelineNeeds(db: string, target: unknown, pipeline: unknown): readonly Need[] {
  const stages = stagesOf(pipeline);
  const coll = typeof target === 'string' ? target : null;
  const [first] = stages;
  if (first !== undefined && '$changeStream' in first) return [streamNeed(db, coll, first['$changeStream'])];
  const inner = stages.flatMap((stage) => stageNeeds(db, coll, stage));
  if (coll === null) return inner;
  return [{ target: { type: 'namespace', db, coll }, actions: sourceActions(first) }, ...inner];
}

/** Most pipelines read the documents; a first stage that brings its own needs what MongoDB asks for it. */
function sourceActions(first: Doc | undefined): readonly string[] {
  if (first === undefined) return ['find'];
  if ('$documents' in first) return [];
  if ('$collStats' in first) return ['collStats'];
  if ('$indexStats' in first) return ['indexStats'];
  return '$planCacheStats' in first ? ['planCacheRead'] : ['find'];
}

function streamNeed(db: string, coll: string | null, options: unknown): Need {
  const actions = ['find', 'changeStream'];
  if (coll !== null) return { target: { type: 'namespace', db, coll }, actions };
  const isOfAll = isDoc(options) && options['allChangesForCluster'] === true;
  return { target: isOfAll ? { type: 'normal' } : { type: 'database', db }, actions };
}

function stageNeeds(db: string, coll: string | null, stage: Doc): readonly Need[] {
  const [[name, value] = ['', undefined]] = Object.entries(stage);
  switch (name) {
    case '$lookup':
    case '$graphLookup':
      return isDoc(value) ? innerNeeds(db, value['from'], value['pipeline']) : [];
    case '$unionWith':
      return isDoc(value) ? innerNeeds(db, value['coll'], value['pipeline']) : innerNeeds(db, value, []);
    case '$facet':
      return isDoc(value)
        ? Object.values(value).flatMap((inner) => stagesOf(inner).flatMap((one) => stageNeeds(db, coll, one)))
        : [];
    case '$out':
      return [{ target: outputOf(db, value), actions: ['insert', 'remove'], isWrite: true }];
    case '$merge':
      return [mergeNeed(db, value)];
    default:
      return [];
  }
}

/** A pipeline over another collection; one that reads nothing begins with its own documents. */
function innerNeeds(db: string, from: unknown, pipeline: unknown): readonly Need[] {
  const target = isDoc(from) ? from['coll'] : from;
  const inner = isDoc(from) && typeof from['db'] === 'string' ? from['db'] : db;
  return pipelineNeeds(inner, target, pipeline);
}

function mergeNeed(db: string, value: unknown): Need {
  const options: Doc = isDoc(value) && 'into' in value ? value : { into: value };
  const isChanging = options['whenMatched'] !== 'fail';
  const isInserting = (options['whenNotMatched'] ?? 'insert') === 'insert';
  const actions = [...(isInserting ? ['insert'] : []), ...(isChanging ? ['update'] : [])];
  return { target: outputOf(db, options['into']), actions, isWrite: true };
}

function outputOf(db: string, value: unknown): Target {
  if (!isDoc(value)) return { type: 'namespace', db, coll: String(value) };
  return { type: 'namespace', db: typeof value['db'] === 'string' ? value['db'] : db, coll: String(value['coll']) };
}

function stagesOf(pipeline: unknown): readonly Doc[] {
  return Array.isArray(pipeline) ? (pipeline as unknown[]).filter(isDoc) : [];
}
