import { sortPatternOf } from '../../storage/query.ts';
import { compile, constantOf } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { fieldPathOf } from '../field-path.ts';
import { setAt } from '../projection-stages.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import { partitionsOf } from './partitions.ts';
import { addFields, refuseConflicts } from './shaping.ts';
import { checkOptions, type CompileStage } from './stage.ts';
import { compileWindowFunction } from './window-functions.ts';
import { wrongType } from '../wrong-type.ts';

function objectOf(name: string, operand: unknown): Doc {
  if (isDoc(operand)) return operand;
  throw new ServerError(
    'FailedToParse',
    `the ${name} stage specification must be an object, found ${typeNameOf(operand)}`,
  );
}

/** An option that is a document where it is there. Error: `TypeMismatch`. */
function docOption(name: string, option: string, value: unknown): Doc | null {
  if (value === undefined) return null;
  if (isDoc(value)) return value;
  throw wrongType(`${name}.${option}`, value, 'object');
}

/** `$setWindowFields`. */
export const setWindowFields: CompileStage = (operand, context) => {
  const given = objectOf('$setWindowFields', operand);
  checkOptions('$setWindowFields', given, { known: ['partitionBy', 'sortBy', 'output'], required: ['output'] });
  const sortBy = sortPatternOf(docOption('$setWindowFields', 'sortBy', given['sortBy']));
  const windows = { sortBy, variables: context.variables, bytesMax: context.spill.bytesMax };
  const functions = docOption('$setWindowFields', 'output', given['output']) ?? {};
  const output = Object.entries(functions).map(([field, value]) => ({
    path: fieldPathOf(field),
    values: compileWindowFunction(field, value, windows),
  }));
  refuseConflicts(Object.keys(functions), '$setWindowFields', 6_307_900);
  const partitionBy = given['partitionBy'] === undefined ? null : compile(given['partitionBy']);
  if (partitionBy !== null && Array.isArray(constantOf(partitionBy)))
    throw new ServerError('TypeMismatch', 'An expression used to partition cannot evaluate to value of type array');
  return function* (input) {
    for (const partition of partitionsOf(input, { stage: '$setWindowFields', partitionBy, sortBy }, context)) {
      const columns = output.map(({ path, values }) => ({ path, values: values(partition)[Symbol.iterator]() }));
      for (const document of partition.read()) {
        let result = document;
        for (const { path, values } of columns) result = setAt(result, path, values.next().value);
        yield result;
      }
    }
  };
};

/** `$fill`: what carries values on is a window, and a fixed value a field that is added. */
export const fill: CompileStage = (operand, context) => {
  const given = objectOf('$fill', operand);
  checkOptions('$fill', given, {
    known: ['partitionBy', 'partitionByFields', 'sortBy', 'output'],
    required: ['output'],
  });
  const output = docOption('$fill', 'output', given['output']) ?? {};
  if (Object.keys(output).length === 0)
    throw refuse(6_050_203, "The output field in '$fill' must contain an object with at least one element");
  const [windows, added]: [Doc, Doc] = [{}, {}];
  for (const [field, way] of Object.entries(output)) {
    const { method, value } = wayOf(way);
    if (method !== undefined) assign(windows, field, { [method === 'linear' ? '$linearFill' : '$locf']: `$${field}` });
    else if (value !== undefined) assign(added, field, { $ifNull: [`$${field}`, value] });
  }
  const { partitionBy, partitionByFields, sortBy } = given;
  if (partitionBy !== undefined && partitionByFields !== undefined)
    throw refuse(6_050_204, "Maximum one of 'partitionBy' and 'partitionByFields can be specified in '$fill'");
  const key =
    partitionByFields === undefined
      ? partitionBy
      : Object.fromEntries(fieldsOf(partitionByFields).map((field) => [field, `$${field}`]));
  const stages = [
    ...(Object.keys(windows).length === 0
      ? []
      : [
          setWindowFields(
            {
              ...(key === undefined ? {} : { partitionBy: key }),
              ...(sortBy === undefined ? {} : { sortBy }),
              output: windows,
            },
            context,
          ),
        ]),
    ...(Object.keys(added).length === 0 ? [] : [addFields(added, context)]),
  ];
  return (input) => stages.reduce((documents, stage) => stage(documents), input);
};

function wayOf(way: unknown): Doc {
  if (!isDoc(way)) throw refuse(6_050_200, 'Each fill output specification must be an object with exactly one field');
  checkOptions('$fill', way, { known: ['method', 'value'], required: [] });
  const { method, value } = way;
  if (method !== undefined && value !== undefined)
    throw refuse(
      6_050_201,
      "Each fill output specification must have exactly one of 'method' or 'value' fields, not both",
    );
  if (method !== undefined && method !== 'locf' && method !== 'linear')
    throw refuse(6_050_202, 'Method must be either locf or linear');
  return way;
}

/** Names of fields. Error: `TypeMismatch`. */
export function fieldsOf(given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((field) => typeof field === 'string')) return given as string[];
  throw new ServerError('TypeMismatch', 'partitionByFields must be a list of names of fields');
}
