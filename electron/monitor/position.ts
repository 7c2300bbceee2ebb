/** Where following goes on: behind a change of the stream, or with the documents changed since a time of the server. */
export type FollowPosition =
  { readonly type: 'stream'; readonly token: string } | { readonly type: 'poll'; readonly sinceMs: number };

/** The position as the text that the copy keeps. */
export function encodePosition(position: FollowPosition): string {
  return position.type === 'stream' ? `stream:${position.token}` : `poll:${position.sinceMs}`;
}

/** The position of a text; null where there is none, or none that this version knows: then following begins anew. */
export function decodePosition(text: string | null): FollowPosition | null {
  if (text === null) return null;
  if (text.startsWith('stream:')) return { type: 'stream', token: text.slice('stream:'.length) };
  const sinceMs = Number(/^poll:(\d{1,16})$/.exec(text)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(sinceMs) ? { type: 'poll', sinceMs } : null;
}
