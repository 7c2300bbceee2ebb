const REMOVED = '[removed]';
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi;
const SECRET_OPTION =
  /\b(tlsCertificateKeyFilePassword|AWS_SESSION_TOKEN|proxyPassword|password|passwd|secret|token|api[-_]?key)(["']?\s*[=:]\s*["']?)[^\s&,"'`<>]+/gi;
const KEY_SHAPE = /\b(?:sk|pk|rk|r8|ghp|xox[abp])[-_][A-Za-z0-9_-]{12,}|\bBearer\s+\S+|\beyJ[A-Za-z0-9_-]{10,}\.\S+/g;

/**
 * A line for logs and diagnostics without what must not stand there: user and password of any address, values under names that
 * speak of secrets, what looks like a key or a token, and each of `known`, which are secrets that this process holds.
 */
export function redactText(text: string, known: readonly string[] = []): string {
  let clean = text;
  // A secret of one or two letters would be found everywhere.
  for (const secret of known) if (secret.length > 2) clean = clean.replaceAll(secret, REMOVED);
  return clean
    .replaceAll(USER_INFO, `$1${REMOVED}@`)
    .replaceAll(KEY_SHAPE, REMOVED)
    .replaceAll(SECRET_OPTION, `$1$2${REMOVED}`);
}
