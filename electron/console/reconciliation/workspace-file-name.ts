import { sha256OfText } from '#cache/sha256.ts';

/**
 * What a workspace is called by in a file's name: its id may hold any character and be long, and a file's name must not. No two have the same,
 * also where a disk takes small letters for capitals, and none that of all.
 */
export function workspaceFileName(workspaceId: string): string {
  return workspaceId !== 'all' && /^[a-z0-9_-]{1,60}$/.test(workspaceId) ? workspaceId : sha256OfText(workspaceId);
}
