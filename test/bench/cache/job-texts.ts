import type { FailureClass } from '#domain/failure.ts';
import type { SeededRandom } from '../worlds/seeded-random.ts';

const SUBJECTS =
  'bakery florist dentist lawyer gym café hotel band museum school startup photographer plumber bookshop vineyard farm zoo theatre clinic airline podcast charity gallery studio brewery garage salon campsite observatory lighthouse'.split(
    ' ',
  );
const QUALITIES =
  'warm minimal bold playful elegant dark bright rustic modern vintage calm loud tiny huge friendly serious colourful monochrome geometric organic'.split(
    ' ',
  );
const PLACES =
  'Lisbon Oslo Kyoto Quito Tallinn Porto Ghent Lagos Hanoi Bergen Córdoba Zürich Kraków Galway Tromsø Split Bruges Nantes Turin Malmö'.split(
    ' ',
  );
const WISHES =
  'with a booking form|with opening hours and a map|in the style of a woodcut|for a campaign in spring|with three price plans|without any stock photographs|as a single page|in two languages|with a newsletter sign-up|on a white background|at sunrise over the harbour|seen from above|for print in A4|with a short biography|in the voice of the founder|with alternative texts for every picture'.split(
    '|',
  );
const FILLERS =
  'Please keep it short.|Our colours are green and cream.|The last one was too busy.|We launch next week.|Mind the logo in the corner.|Use what is on our old page.|The audience is families.|Make it easy to read.|It should work on a phone.|No gradients this time.'.split(
    '|',
  );

/** A word that hardly any prompt has: what a search for something rare finds. */
const RARE_WORDS = 'zeppelin axolotl theremin quokka obsidian marzipan kintsugi fjord'.split(' ');

/** What a customer asked for: 60 to 600 characters, common words often and rare ones rarely. */
export function promptText(random: SeededRandom, noun: string): string {
  const rare = random.chance(0.002) ? ` with a ${random.pick(RARE_WORDS)}` : '';
  const parts = [
    `A ${random.pick(QUALITIES)} ${noun} for a ${random.pick(SUBJECTS)} in ${random.pick(PLACES)}${rare},`,
    `${random.pick(WISHES)} and ${random.pick(WISHES)}.`,
  ];
  for (let n = random.between(0, 8); n > 0; n -= 1) parts.push(random.pick(FILLERS));
  return parts.join(' ');
}

interface FailureText {
  readonly class: FailureClass;
  readonly code: string;
  /** With `#` where a number differs from case to case. */
  readonly message: string;
}

const FAILURES: readonly FailureText[] = [
  { class: 'temporary', code: 'network_econnreset', message: 'The connection was reset after # ms.' },
  { class: 'temporary', code: 'http_503', message: 'Service unavailable, request #.' },
  { class: 'temporary', code: 'lease_expired', message: 'The runner did not renew its lease.' },
  { class: 'rate_limit', code: 'rate_limit_exceeded', message: 'Rate limit reached for requests: limit #, used #.' },
  { class: 'timeout', code: 'attempt_timeout', message: 'No result within # s.' },
  { class: 'provider', code: 'malformed_reply', message: 'The reply held no image at index #.' },
  { class: 'provider', code: 'insufficient_quota', message: 'You exceeded your current quota.' },
  { class: 'validation', code: 'check_html_parses', message: 'Unclosed element at line #.' },
  { class: 'validation', code: 'check_image_size', message: 'The image is # pixels wide, # were asked for.' },
  { class: 'validation', code: 'check_links_resolve', message: '# links lead nowhere.' },
  { class: 'input', code: 'context_length_exceeded', message: 'The prompt has # tokens, the model takes #.' },
  { class: 'input', code: 'invalid_input', message: 'The option "size" must be one of "1024x1024", "512x512".' },
  { class: 'policy', code: 'content_refused', message: 'The request was refused by the content policy (#).' },
  { class: 'credit', code: 'insufficient_credit', message: 'Needs # credits, # are available.' },
  { class: 'unknown', code: 'exception', message: 'Cannot read properties of undefined (reading "choices")' },
];

/** Why a job failed; the first of the list most often. */
export function failureText(random: SeededRandom): FailureText {
  const text = FAILURES[Math.floor(random.next() ** 2 * FAILURES.length)] ?? random.pick(FAILURES);
  return { ...text, message: text.message.replaceAll('#', () => String(random.between(1, 99_999))) };
}
