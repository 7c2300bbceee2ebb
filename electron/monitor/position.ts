/** Where following goes on: behind a change of the stream, or with the documents changed since a time of the server. */
export type FollowPosition =
  | { readonly type: 'stream'; readonly token: string }
  /** `sweptMs`: the server's time when the last whole sweep for deletions began, null before there was one. */
  | { readonly type: 'poll'; readonly sinceMs: number; readonly sweptMs: number | null };

/** The position as the text that the copy keeps. */
export function encodePosition(position: FollowPosition): string {
  if (position.type === 'stream') return `stream:${position.token}`;
  return position.sweptMs === null ? `poll:${position.sinceMs}` : `poll:${position.sinceMs}:${position.sweptMs}`;
}

/** The position of a text; null where there is none, or none that this version knows: then following begins anew. */
export function decodePosition(text: string | null): FollowPosition | null {
  if (text === null) return null;
  if (text.startsWith('stream:')) return { type: 'stream', token: text.slice('stream:'.length) };
  const found = /^poll:(\d{1,16})(?::(\d{1,16}))?$/.exec(text);
  if (found === null) return null;
  const [sinceMs, sweptMs] = [Number(found[1]), found[2] === undefined ? null : Number(found[2])];
  return Number.isSafeInteger(sinceMs) ? { type: 'poll', sinceMs, sweptMs } : null;
}
