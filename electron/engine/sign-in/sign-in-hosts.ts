/**
 * The servers that may ask for a sign-in, where only an address is given, as `RUNLEDGER_SIGN_IN_HOSTS` names them with commas between;
 * null for the driver's own list: MongoDB's cloud, and this machine.
 */
export function signInHostsIn(environment: Readonly<Record<string, string | undefined>>): readonly string[] | null {
  const named = (environment['RUNLEDGER_SIGN_IN_HOSTS'] ?? '').split(',').map((host) => host.trim());
  const hosts = named.filter((host) => host !== '');
  return hosts.length === 0 ? null : hosts;
}
