import type { Collation } from './collation.ts';
import { compareBytes } from './compare.ts';
import { ServerError } from './server-error.ts';

/** What a collation says, each option of its type. What is not given is as its locale has it. */
export interface CollatorOptions {
  readonly locale: string;
  /** 1 to 5: base letters, accents, case and variants, punctuation, identity. */
  readonly strength: number;
  readonly caseLevel: boolean | undefined;
  readonly caseFirst: 'upper' | 'lower' | 'off' | undefined;
  readonly numericOrdering: boolean | undefined;
  readonly alternate: 'non-ignorable' | 'shifted' | undefined;
  readonly maxVariable: 'punct' | 'space' | undefined;
  readonly backwards: boolean | undefined;
}

/** The locales that MongoDB has collations for, by its manual; every other name is refused, also of a locale that means the same. */
const LOCALES: ReadonlySet<string> = new Set(
  (
    'af am ar as az be bg bn bo bs bs_Cyrl ca chr cs cy da de de_AT dsb dz ee el en en_US en_US_POSIX eo es et fa fa_AF fi fil fo fr fr_CA ' +
    'ga gl gu ha haw he hi hr hsb hu hy id ig is it ja ka kk kl km kn ko kok ky lb lkt ln lo lt lv mk ml mn mr ms mt my nb ne nl nn om or ' +
    'pa pl ps pt ro ru se si sk sl smn sq sr sr_Latn sv sw ta te th to tr ug uk ur vi wae yi yo zh zh_Hant zu'
  ).split(' '),
);
/** The one locale whose accents count from the end of a text, and the one that differs from it in nothing else. */
const BACKWARDS = { locale: 'fr_CA', forwards: 'fr' };
const [BASE, ACCENTS, VARIANTS, PUNCTUATION, IDENTITY] = [1, 2, 3, 4, 5];

/**
 * The order of texts of a collation, by the platform's ICU, which is younger than MongoDB's. Errors: `BadValue`, `NotImplemented` for
 * what ICU has and the platform does not offer.
 */
export function collatorOf(options: CollatorOptions): Collation {
  const { locale, strength, caseLevel = false, caseFirst, alternate, numericOrdering } = options;
  const [name = '', ...variants] = locale.split('@');
  if (!LOCALES.has(name)) throw new ServerError('BadValue', `Field 'locale' is invalid in: { locale: "${locale}" }`);
  if (variants.length > 0) throw notOffered(`the variant of a locale ${locale}`);
  const isBackwards = backwardsOf(options);
  const tag = (isBackwards ? name : forwardsOf(name)).replaceAll('_', '-');
  const given = {
    ...(caseFirst === undefined ? {} : { caseFirst: caseFirst === 'off' ? ('false' as const) : caseFirst }),
    ...(alternate === undefined ? {} : { ignorePunctuation: alternate === 'shifted' }),
    numeric: numericOrdering === true,
  };
  const level = (sensitivity: 'base' | 'accent' | 'case' | 'variant'): Intl.Collator =>
    new Intl.Collator(tag, { ...given, sensitivity });
  const { caseFirst: first, ignorePunctuation: isShifted } = level('variant').resolvedOptions();
  if (first !== 'false' && !caseLevel && strength < VARIANTS)
    throw new ServerError(
      'BadValue',
      "'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is greater than 2",
    );
  if (isShifted && options.maxVariable === 'space') throw notOffered('maxVariable: space');
  // Behind the variants come punctuation that was passed over, and what Japanese tells apart.
  if (strength >= PUNCTUATION && (isShifted || name === 'ja')) throw notOffered(`strength: ${strength} of such texts`);
  const levels = levelsOf(strength, caseLevel).map((one) => level(one).compare);
  if (strength === IDENTITY) levels.push(compareIdentity);
  const [only] = levels;
  if (only !== undefined && levels.length === 1) return only;
  return (left, right) => levels.reduce((order, compare) => order || compare(left, right), 0);
}

/** What the platform can be asked for, one after the other: the case stands between accents and variants. */
function levelsOf(strength: number, hasCaseLevel: boolean): ('base' | 'accent' | 'case' | 'variant')[] {
  if (strength === BASE) return [hasCaseLevel ? 'case' : 'base'];
  if (strength === ACCENTS) return hasCaseLevel ? ['accent', 'case'] : ['accent'];
  return hasCaseLevel ? ['accent', 'case', 'variant'] : ['variant'];
}

/** Texts that are written by other characters and mean the same are the same still. */
function compareIdentity(left: string, right: string): number {
  return compareBytes(left.normalize('NFD'), right.normalize('NFD'));
}

/** Errors: `BadValue`, `NotImplemented`. */
function backwardsOf({ locale, backwards = locale === BACKWARDS.locale, strength }: CollatorOptions): boolean {
  if (!backwards) return false;
  if (strength === BASE) throw new ServerError('BadValue', "'backwards' is invalid with 'strength' of 1");
  if (locale !== BACKWARDS.locale) throw notOffered('backwards');
  return true;
}

function forwardsOf(name: string): string {
  return name === BACKWARDS.locale ? BACKWARDS.forwards : name;
}

function notOffered(what: string): ServerError {
  return new ServerError('NotImplemented', `The sandbox server has no collations with ${what}`);
}
