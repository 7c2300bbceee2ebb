/** What a JSON file that a person wrote holds; editors of Windows begin it with a byte order mark, which is none of JSON. Throws as `JSON.parse`. */
export function parseJsonText(text: string): unknown {
  return JSON.parse(text.replace(/^\ufeff/u, ''));
}
