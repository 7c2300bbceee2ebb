/**
 * Where in the document of a job a text stands: names with dots between, `*` for any one name. Places in lists do not count, so that
 * `attempts.failure.message` is that of every attempt. What a path names is hidden with everything beneath it. `output` stands for what
 * was generated.
 */
export type TextPath = readonly string[];

/** What was generated: the bytes that a job's `output` names, wherever they are shown. */
export const OUTPUT_PATH = 'output';

/** Fields of a job's document that the console cannot do without, or that hold no text of anybody. */
const NEEDED_FIELDS: ReadonlySet<string> = new Set([
  '_id',
  'kind',
  'workspaceId',
  'userId',
  'state',
  'version',
  'attempt',
  'maxAttempts',
  'priority',
  'notBefore',
  'createdAt',
  'updatedAt',
  'provider',
  'lease',
  'leaseToken',
  'billing',
  'lineage',
]);

/** Of fields that the console reads, the texts that may be hidden. */
const TEXTS_OF: Readonly<Record<string, readonly string[]>> = {
  input: ['prompt', 'options'],
  failure: ['message'],
  progress: ['message'],
  history: ['reason'],
  validation: ['checks.message'],
  attempts: ['failure.message', 'validation.checks.message'],
};

/** A path as it is typed, in its names. */
export function parsePath(path: string): TextPath {
  return path.trim().split('.');
}

/** Why a path cannot be hidden, for people; null where it can. */
export function problemOfPath(path: string): string | null {
  const names = parsePath(path);
  const [head = '', ...rest] = names;
  if (names.some((name) => name.trim() === '')) return 'a name between two dots is missing';
  if (head === '*') return 'a path begins with the name of a field';
  if (NEEDED_FIELDS.has(head)) return `${head} is needed to tell jobs apart or holds no text`;
  if (head === OUTPUT_PATH) return rest.length === 0 ? null : 'the output is hidden as a whole: output';
  const texts = TEXTS_OF[head];
  // A field that the console does not know is shown in the raw document only, and may be hidden at any depth.
  if (texts === undefined) return null;
  const inside = rest.join('.');
  const isText = texts.some((text) => inside === text || (text === 'options' && inside.startsWith('options.')));
  return isText ? null : `of ${head} these can be hidden: ${texts.map((text) => `${head}.${text}`).join(', ')}`;
}

/** True where a value that stands at `at` is named by the path or stands beneath what it names. */
export function isHiddenBy(path: TextPath, at: TextPath): boolean {
  return path.length <= at.length && path.every((name, index) => name === '*' || name === at[index]);
}
