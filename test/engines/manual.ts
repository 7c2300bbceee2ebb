import { EJSON } from 'bson';
import type { Document } from 'mongodb';
import type { EngineAgain } from './engine-again.ts';
import { asMean, evaluate, noRefusals, type Refusals } from './expressions.ts';
import { plainFilter, type Note } from './filters.ts';
import { shown, type Documents } from './outcome.ts';

/** The names under which rules are noted that the manual has and the engine does not keep. */
export const RULES = {
  fused: {
    name: 'stages are run into one another',
    rule: 'Each stage performs an operation on the input documents and passes the result to the next.',
    page: 'core/aggregation-pipeline',
  },
  countOfNothing: {
    name: '$count of nothing gives a document',
    rule: "If the input dataset is empty, $count doesn't return a result.",
    page: 'reference/operator/aggregation/count',
  },
  emptyList: {
    name: 'an empty list sorts beside null, and a list at a place of a list not as a list',
    rule: 'A comparison of an empty array treats the empty array as less than null or a missing field; arrays come behind objects.',
    page: 'reference/bson-type-comparison-order',
  },
  groupKey: {
    name: 'a missing group key, or part of one, is no null',
    rule: 'A missing field is grouped together with null; a field of an embedded document whose expression gives nothing is left out.',
    page: 'reference/operator/aggregation/group',
  },
  equalKeys: {
    name: 'a decimal and a double that are equal are keys of two groups',
    rule: 'MongoDB treats some data types as equivalent for comparison purposes: numeric types undergo conversion before comparison.',
    page: 'reference/bson-type-comparison-order',
  },
  accumulator: {
    name: 'an accumulator of what is missing is left out, and a mean of whole numbers is whole',
    rule: 'The value of a group that has none is null; the mean of numbers that are no decimals is a double.',
    page: 'reference/operator/aggregation/avg',
  },
  constants: {
    name: 'constants are evaluated only where a document comes to them',
    rule: 'The optimizer evaluates expressions without fields before the pipeline runs, and refuses it where they are wrong.',
    page: 'core/aggregation-pipeline-optimization',
  },
  expression: {
    name: 'operands are evaluated that an expression does not come to, its number has another type, or MinKey is what is missing',
    rule: '$cond, $ifNull, $and and $or stop where they know; arithmetic with null or what is missing is null; $avg and $mod with a double give doubles, $floor and $ceil whole numbers with all digits; $in looks for a value.',
    page: 'reference/operator/aggregation',
  },
} as const;

/** Reckons a pipeline as the manual tells it: one stage after the other, each asked of the engine alone over what the one before gave. */
export class Manual {
  readonly #again: EngineAgain;
  readonly #note: Note;
  readonly refusals: Refusals = noRefusals();

  constructor(again: EngineAgain, note: Note) {
    this.#again = again;
    this.#note = note;
  }

  /** What the collection held before the operation. */
  get before(): readonly Document[] {
    return this.#again.before;
  }

  /** Runs all stages; the first refusal ends it. */
  async pipeline(documents: readonly Document[], stages: readonly Document[]): Promise<Documents> {
    let result: Documents = { documents, code: null };
    for (const [at, stage] of stages.entries()) {
      if (result.documents === null) {
        // What the stages behind would refuse may be told before. They are asked over what the pipeline began with.
        await this.#stage(documents, stage);
        continue;
      }
      const given: readonly Document[] = result.documents;
      result = await this.#stage(given, stage);
      // A document that comes through may be refused behind before another one is here.
      if (result.documents === null && given.length > 1)
        for (const one of given) await this.pipeline([one], stages.slice(at));
    }
    return result;
  }

  async #stage(documents: readonly Document[], stage: Document): Promise<Documents> {
    const [name = '', given] = Object.entries(stage)[0] ?? [];
    const plain = (): Promise<Documents> => this.#again.over(documents, [stage]);
    switch (name) {
      case '$sort':
        return this.#sorted(documents, given as Document);
      case '$match':
        return this.#again.over(documents, [{ $match: plainFilter(given as Document, this.#note) }]);
      case '$addFields':
      case '$set':
        return this.#noted(RULES.expression.name, plain, () => this.#withFields(documents, given as Document));
      case '$group':
        return this.#noted(RULES.groupKey.name, plain, () => this.#grouped(documents, given as Document));
      case '$sortByCount':
        return this.#noted(RULES.groupKey.name, plain, async () => {
          const { keyed, code } = await this.#keyed(documents, given);
          if (code !== null) return { documents: null, code };
          return this.#again.over(keyed, [{ $sortByCount: `$${SCRATCH}` }]);
        });
      case '$count':
        if (documents.length > 0) return plain();
        this.#note(RULES.countOfNothing.name);
        return { documents: [], code: null };
      default:
        return plain();
    }
  }

  /** Notes the rule where it makes a difference. */
  async #noted(rule: string, plain: () => Promise<Documents>, byRule: () => Promise<Documents>): Promise<Documents> {
    const [engine, manual] = [await plain(), await byRule()];
    if (engine.code !== null) this.refusals.all.add(engine.code);
    const isSame = engine.code === manual.code && textOf(engine) === textOf(manual);
    if (!isSame) this.#note(rule);
    return manual;
  }

  async #withFields(documents: readonly Document[], fields: Document): Promise<Documents> {
    const all: Document[] = [];
    let code: number | null = null;
    const [path = ''] = Object.keys(fields);
    const expression: unknown = fields[path];
    const [first = '', ...rest] = path.split('.');
    for (const document of documents) {
      const list = document[first] as unknown;
      const result = await evaluate(this.#again, expression, document, this.refusals);
      // An embedded field is set in each element of a list: in an empty one there is nothing to evaluate it for.
      const isSkipped = rest.length > 0 && Array.isArray(list) && list.length === 0;
      if (isSkipped) {
        all.push(document);
        continue;
      }
      if ('code' in result) code ??= result.code;
      const given = 'value' in result ? { ...document, [SCRATCH]: result.value } : document;
      const made = await this.#again.over([given], [{ $addFields: { [path]: `$${SCRATCH}` } }]);
      if (made.documents === null) return made;
      all.push(...made.documents.map((one) => inOrder(withoutScratch(one), document)));
    }
    // Constants are told of also where there is no document.
    if (documents.length === 0) await evaluate(this.#again, expression, {}, this.refusals);
    return code === null ? { documents: all, code } : { documents: null, code };
  }

  /** Documents with the keys of their groups, the same for all whose keys are equal; the code of the first refusal. */
  async #keyed(
    documents: readonly Document[],
    key: unknown,
  ): Promise<{ readonly keyed: readonly Document[]; readonly code: number | null }> {
    const keyed: Document[] = [];
    let code: number | null = null;
    for (const document of documents) {
      const result = await evaluate(this.#again, key, document, this.refusals);
      if ('code' in result) code ??= result.code;
      keyed.push({ ...document, [SCRATCH]: 'value' in result ? result.value : null });
    }
    if (documents.length === 0) await evaluate(this.#again, key, {}, this.refusals);
    const firsts = keyed.map((document) => firstEqual(keyed, document[SCRATCH]));
    const isApart = (one: Document, at: number): boolean => shown(one[SCRATCH]) !== shown(firsts[at]);
    if (keyed.some((one, at) => isApart(one, at) && /numberDecimal/.test(shown(one[SCRATCH]) + shown(firsts[at]))))
      this.#note(RULES.equalKeys.name);
    return { keyed: keyed.map((document, at) => ({ ...document, [SCRATCH]: firsts[at] })), code };
  }

  async #grouped(documents: readonly Document[], { _id: key, value: accumulator }: Document): Promise<Documents> {
    const { keyed, code } = await this.#keyed(documents, key);
    if (code !== null) return { documents: null, code };
    const groups = await this.#again.over(keyed, [{ $group: { _id: `$${SCRATCH}`, value: accumulator as unknown } }]);
    if (groups.documents === null) return groups;
    const means = await this.#means(keyed, accumulator as Document);
    const ends = await this.#ends(keyed, accumulator as Document);
    const named = groups.documents.map(({ _id, value = null }): Document => ({
      _id: firstEqual(keyed, _id),
      value: means === null ? ends(_id, value) : (means.get(byValue(_id)) ?? null),
    }));
    return { documents: named, code: null };
  }

  /** Tells the first of the equal values that a least or greatest one may be, among the documents of its group. */
  async #ends(
    keyed: readonly Document[],
    { $min, $max }: Document,
  ): Promise<(key: unknown, value: unknown) => unknown> {
    const operand: unknown = $min ?? $max;
    if (operand === undefined) return (_key, value) => value;
    const shownAs = { _id: 0, key: `$${SCRATCH}`, value: operand };
    const { documents } = await this.#again.over(keyed, [{ $project: shownAs }]);
    return (key, value) => {
      const isEqual = (one: Document): boolean =>
        byValue(one['key'] ?? null) === byValue(key) && 'value' in one && byValue(one['value']) === byValue(value);
      const first = documents?.find(isEqual);
      return first === undefined ? value : (first['value'] as unknown);
    };
  }

  /** The means of the numbers alone, by the value of their key; null where no mean is asked for. */
  async #means(keyed: readonly Document[], { $avg: operand }: Document): Promise<Map<string, unknown> | null> {
    if (operand === undefined) return null;
    const numbers = await this.#again.over(keyed, [{ $match: { $expr: { $isNumber: [operand as unknown] } } }]);
    const stage = { $group: { _id: `$${SCRATCH}`, value: { $avg: operand as unknown } } };
    const groups = await this.#again.over(numbers.documents ?? [], [stage]);
    const isDecimal = { $match: { $expr: { $eq: [{ $type: operand as unknown }, 'decimal'] } } };
    const decimals = await this.#again.over(keyed, [isDecimal]);
    const withDecimal = new Set(decimals.documents?.map((document) => byValue(document[SCRATCH])));
    const [total, count] = [{ $sum: { $toDecimal: operand as unknown } }, { $sum: 1 }];
    const exact = await this.#again.over(numbers.documents ?? [], [
      { $group: { _id: `$${SCRATCH}`, total, count } },
      { $project: { value: { $divide: ['$total', '$count'] } } },
    ]);
    const exactOf = new Map(exact.documents?.map(({ _id, value }) => [byValue(_id), value as unknown]));
    return new Map(
      groups.documents?.map(({ _id, value }) => {
        const key = byValue(_id);
        // What a double cannot hold is told with all digits of a decimal.
        const isRounded = withDecimal.has(key) && shown(value).length > ROUNDED_LENGTH;
        return [key, isRounded ? exactOf.get(key) : asMean(value, withDecimal.has(key))];
      }),
    );
  }

  async #sorted(documents: readonly Document[], order: Document): Promise<Documents> {
    const paths = Object.entries(order);
    const ranked = documents.map((document) => {
      // What MinKey or an empty list decides the place of is sorted by nothing else: the engine would pass over them in a list.
      const ranks = paths.flatMap(([path, way], at): [string, unknown][] => {
        const own = rank(document, path, Number(way));
        return [
          [`${SCRATCH}rank${at}`, own],
          [
            `${SCRATCH}value${at}`,
            own === RANKS.minKey || own === RANKS.emptyList ? {} : withWholeList(document, path),
          ],
        ];
      });
      return { ...document, ...Object.fromEntries(ranks) } as Document;
    });
    const whole = paths.flatMap(([path, way], at) => [
      [`${SCRATCH}rank${at}`, way],
      [`${SCRATCH}value${at}.${path}`, way],
    ]);
    const plain = await this.#again.over(documents, [{ $sort: order }]);
    const result = await this.#again.over(ranked, [{ $sort: Object.fromEntries(whole) as Document }]);
    if (result.documents === null) return result;
    const sorted: Documents = { documents: result.documents.map(withoutScratch), code: null };
    if (textOf(plain) !== textOf(sorted)) this.#note(RULES.emptyList.name);
    return sorted;
  }
}

const SCRATCH = '__scratch';

/** A double in text of this length has sixteen digits. */
const ROUNDED_LENGTH = '{"$numberDouble":"1.23456789012345"}'.length;

function withoutScratch(document: Document): Document {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !name.startsWith(SCRATCH)));
}

/** A field that is set anew keeps its place. */
function inOrder(document: Document, before: Document): Document {
  const kept = Object.keys(before).filter((name) => name in document);
  return { ...Object.fromEntries(kept.map((name) => [name, document[name] as unknown])), ...document };
}

function textOf({ documents }: Documents): string {
  return documents === null ? '' : documents.map(shown).join('\n');
}

/** The key of the first document whose key is the same but for the types of its numbers: it names the group. */
function firstEqual(keyed: readonly Document[], key: unknown): unknown {
  const wanted = byValue(key);
  const found = keyed.find((document) => byValue(document[SCRATCH]) === wanted);
  return found === undefined ? key : (found[SCRATCH] as unknown);
}

/** A text that is the same for equal numbers of different types. */
function byValue(value: unknown): string {
  return shown(value).replaceAll(/\{"\$number\w+":"([^"]*)"\}/g, (_whole, digits: string) => {
    const isWhole = /^-?\d+(\.0+)?$/.test(digits);
    return isWhole ? `n${BigInt(digits.replace(/\.0+$/, ''))}` : `n${Number(digits)}`;
  });
}

/** Tells apart what the engine does not: MinKey is first, then what an empty list decides the place of; lists at a place of a list come behind documents. */
const RANKS = { minKey: -1, emptyList: 0, belowLists: 1, list: 2, aboveLists: 3 } as const;

function rank(document: Document, path: string, way: number): number {
  const ranks = leavesOf(document, path.split('.')).map(rankOf);
  return ranks.length === 0 ? RANKS.belowLists : way > 0 ? Math.min(...ranks) : Math.max(...ranks);
}

function rankOf(leaf: unknown): number {
  if (isMinKey(leaf)) return RANKS.minKey;
  if (Array.isArray(leaf)) return leaf.length === 0 ? RANKS.emptyList : RANKS.list;
  if (typeof leaf === 'boolean' || leaf instanceof Date || leaf instanceof RegExp) return RANKS.aboveLists;
  const type = (Object(leaf) as Document)['_bsontype'] as string | undefined;
  return type === undefined || BELOW_LISTS.has(type) ? RANKS.belowLists : RANKS.aboveLists;
}

/** The types of `bson` that are ordered before lists. */
const BELOW_LISTS: ReadonlySet<string> = new Set(['Int32', 'Double', 'Long', 'Decimal128', 'BSONSymbol']);

/** The document, or where a list stands at a place of a list, this list within a document: the engine orders such ones as lists. */
function withWholeList(document: Document, path: string): Document {
  const [leaf, ...others] = leavesOf(document, path.split('.'));
  if (!Array.isArray(leaf) || leaf.length === 0 || others.length > 0) return document;
  const within = { list: leaf as unknown[] };
  return path.split('.').reduceRight<Document>((inner, name) => ({ [name]: inner }), within);
}

function isMinKey(value: unknown): boolean {
  return (Object(value) as Document)['_bsontype'] === 'MinKey';
}

/** What a document is sorted by: the elements of lists, and an empty list as itself. */
function leavesOf(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  if (name === undefined) {
    if (!Array.isArray(value)) return [value];
    return value.length === 0
      ? [value]
      : value.map((one: unknown) => (Array.isArray(one) ? EJSON.stringify(one) : one));
  }
  if (Array.isArray(value)) {
    if (/^\d+$/.test(name)) {
      const at: unknown = value[Number(name)];
      return rest.length === 0 ? [at] : leavesOf(at, rest);
    }
    return value.flatMap((one: unknown) =>
      typeof one === 'object' && one !== null && !Array.isArray(one) ? leavesOf(one, [name, ...rest]) : [null],
    );
  }
  return typeof value === 'object' && value !== null ? leavesOf((value as Document)[name], rest) : [null];
}
