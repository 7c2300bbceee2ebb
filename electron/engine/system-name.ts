import { userInfo } from 'node:os';

/** Who sits here, as the operating system knows them: the name that stands in a job's history. */
export function systemName(): string {
  try {
    return userInfo().username.slice(0, 200) || 'unknown';
  } catch {
    // An account without an entry in the system's list of users has no name.
    return 'unknown';
  }
}
