import { redactionMark } from './redaction-mark.ts';

/** What others may have quoted of a hidden text. */
export interface Hidden {
  readonly text: string;
  readonly label: string;
}

/** A quotation of so many characters is taken for one; shorter ones would be found everywhere. */
const QUOTED_MIN = 12;
/** A hidden text shorter than a quotation is looked for as a whole, from this length on. */
const WHOLE_MIN = 5;

/**
 * Takes quotations of hidden texts out of other texts: a provider's message often repeats the prompt, or the beginning of it. Upper and
 * lower case count as the same. Looks at each hidden text once for all the texts that it is asked about.
 */
export class EchoFinder {
  readonly #wholes: readonly Hidden[];
  readonly #quotable: readonly Hidden[];
  /** Every stretch of the length of a quotation, with its label; made when it is first asked for. */
  #stretches: Map<string, string> | null = null;
  readonly #markOf: (label: string) => string;

  /** @param markOf what stands in the place of a quotation, by the label of what is quoted */
  constructor(hidden: readonly Hidden[], markOf = redactionMark) {
    this.#markOf = markOf;
    const lower = hidden.map(({ text, label }) => ({ text: foldCase(text), label }));
    this.#wholes = lower.filter(({ text }) => text.length >= WHOLE_MIN && text.length < QUOTED_MIN);
    this.#quotable = lower.filter(({ text }) => text.length >= QUOTED_MIN);
  }

  /** The text without quotations. */
  clean(text: string): string {
    if (text.length < WHOLE_MIN || (this.#wholes.length === 0 && this.#quotable.length === 0)) return text;
    const labels = this.#labelsOf(foldCase(text));
    if (labels.every((label) => label === null)) return text;
    let clean = '';
    let last: string | null = null;
    for (const [at, label] of labels.entries()) {
      if (label === null) clean += text[at];
      else if (label !== last) clean += this.#markOf(label);
      last = label;
    }
    return clean;
  }

  /** Of each character, the label under which it is hidden. */
  #labelsOf(lower: string): readonly (string | null)[] {
    const labels = Array.from<string | null>({ length: lower.length }).fill(null);
    for (const { text, label } of this.#wholes) {
      for (let at = lower.indexOf(text); at >= 0; at = lower.indexOf(text, at + 1)) {
        labels.fill(label, at, at + text.length);
      }
    }
    if (this.#quotable.length === 0 || lower.length < QUOTED_MIN) return labels;
    this.#stretches ??= stretchesOf(this.#quotable);
    for (let at = 0; at + QUOTED_MIN <= lower.length; at += 1) {
      const label = this.#stretches.get(lower.slice(at, at + QUOTED_MIN));
      if (label !== undefined) labels.fill(label, at, at + QUOTED_MIN);
    }
    return labels;
  }
}

function stretchesOf(hidden: readonly Hidden[]): Map<string, string> {
  const stretches = new Map<string, string>();
  for (const { text, label } of hidden) {
    for (let at = 0; at + QUOTED_MIN <= text.length; at += 1) stretches.set(text.slice(at, at + QUOTED_MIN), label);
  }
  return stretches;
}

/** Lower case of the same length: a few letters become two, and would move everything behind them. */
function foldCase(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length
    ? lower
    : Array.from({ length: text.length }, (_, at) => foldOne(text, at)).join('');
}

function foldOne(text: string, at: number): string {
  const one = text.charAt(at);
  const lower = one.toLowerCase();
  return lower.length === 1 ? lower : one;
}
