import { refuseCollation } from '../semantics/collation.ts';
import { flagField } from '../semantics/flags.ts';
import { refuseWrongStages } from '../semantics/pipelines.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { cappedMaxOf, cappedSizeOf } from '../storage/capped.ts';
import { wholeField } from './command.ts';
import { checkIdIndexSpec } from './index-spec.ts';
import { checkStages } from './stage-names.ts';
import { refuseOption } from './field-values.ts';

/** What MongoDB makes collections with and this server does not. */
const NOT_OFFERED = [
  'timeseries',
  'encryptedFields',
  'storageEngine',
  'indexOptionDefaults',
  'temp',
  'flags',
  'autoIndexId',
];
/** Options of collections that no view has. */
const NOT_OF_VIEWS = [
  'capped',
  'size',
  'max',
  'validator',
  'validationLevel',
  'validationAction',
  'timeseries',
  'clusteredIndex',
  'storageEngine',
  'indexOptionDefaults',
  'idIndex',
  'changeStreamPreAndPostImages',
  'expireAfterSeconds',
];

/** Holds the options of `create` to each other, and to what there is. Errors: `InvalidOptions`, `OptionNotSupportedOnView`, `NotImplemented`, and those of {@link refuseCollation} and {@link checkIdIndexSpec}. */
export function checkCreateOptions(body: Doc): void {
  const isSet = (option: string): boolean => body[option] !== undefined && body[option] !== false;
  const isCapped = isSet('capped');
  if (isCapped && !isSet('size'))
    throw new ServerError('InvalidOptions', "the 'size' field is required when 'capped' is true");
  const limit = ['size', 'max'].find(isSet);
  if (!isCapped && limit !== undefined)
    throw new ServerError('InvalidOptions', `the '${limit}' field is only allowed when 'capped' is true`);
  checkView(body, isSet);
  const keepsTime = isSet('timeseries') || isSet('clusteredIndex');
  if (isSet('expireAfterSeconds') && !keepsTime)
    throw new ServerError(
      'InvalidOptions',
      "'expireAfterSeconds' is only supported on time-series collections or when the 'clusteredIndex' option is specified",
    );
  for (const option of [...NOT_OFFERED, 'expireAfterSeconds']) refuseOption('create', option, body[option]);
  if (body['collation'] !== undefined) refuseCollation('create', body['collation']);
  if (body['idIndex'] !== undefined) checkIdIndexSpec(body['idIndex']);
  if (isCapped) refuseOption('create with capped', 'clusteredIndex', body['clusteredIndex']);
}

/** What `create` caps a collection to; empty for one that is not capped. Errors: `TypeMismatch`, `BadValue`. */
export function cappedOptionsOf(body: Doc): Doc {
  if (!flagField(body, 'capped')) return {};
  const max = wholeField(body, 'max');
  return {
    capped: true,
    size: cappedSizeOf(wholeField(body, 'size') ?? 0),
    ...(max === undefined ? {} : { max: cappedMaxOf(max) }),
  };
}

function checkView(body: Doc, isSet: (option: string) => boolean): void {
  const { viewOn, pipeline } = body;
  if (viewOn === undefined) {
    if (pipeline !== undefined)
      throw new ServerError('InvalidOptions', "'pipeline' requires 'viewOn' to also be specified");
    return;
  }
  if (typeof viewOn !== 'string')
    throw new ServerError('TypeMismatch', "BSON field 'create.viewOn' is the wrong type, expected type 'string'");
  if (viewOn === '') throw new ServerError('BadValue', "'viewOn' cannot be empty");
  const other = NOT_OF_VIEWS.find(isSet);
  if (other !== undefined) throw new ServerError('InvalidOptions', `option not supported on a view: ${other}`);
  if (pipeline !== undefined) checkViewPipeline('create', pipeline);
}

/** Refuses what no view may show. Errors: `TypeMismatch`, `OptionNotSupportedOnView`, and those of the stages. */
export function checkViewPipeline(command: 'create' | 'collMod', pipeline: unknown): void {
  if (!Array.isArray(pipeline) || !pipeline.every(isDoc))
    throw new ServerError(
      'TypeMismatch',
      `BSON field '${command}.pipeline' is the wrong type, expected an array of objects`,
    );
  const stages: readonly Doc[] = pipeline;
  const writing = stages.find((stage) => '$out' in stage || '$merge' in stage || '$changeStream' in stage);
  if (writing !== undefined)
    throw new ServerError(
      'OptionNotSupportedOnView',
      `${Object.keys(writing)[0] ?? ''} cannot be used in a view definition`,
    );
  checkStages(stages);
  refuseWrongStages(stages);
}
