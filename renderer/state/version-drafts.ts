import { create } from 'zustand';
import type { PolicyDraft } from '#domain/policy-version.ts';
import type { RedactionDraft } from '#domain/redaction/redaction-rule.ts';
import { useEngineStatus } from './engine-queries.tsx';

/** A draft of a next version as it stands: what it says, over which version it was begun, and the reason so far. */
export interface KeptDraft<Draft> {
  readonly draft: Draft;
  readonly basedOn: number;
  readonly reason: string;
  /** The id of the person whose draft it is. */
  readonly by: string;
}

interface VersionDrafts {
  readonly policy: KeptDraft<PolicyDraft> | null;
  readonly redaction: KeptDraft<RedactionDraft> | null;
  /** Keeps a draft in place of the one before; null drops it. */
  readonly keepPolicy: (kept: KeptDraft<PolicyDraft> | null) => void;
  readonly keepRedaction: (kept: KeptDraft<RedactionDraft> | null) => void;
}

/** The draft of whoever sits here; null where there is none, or it is of somebody who sat here before. */
export function useOwnDraft<Name extends 'policy' | 'redaction'>(name: Name): VersionDrafts[Name] {
  const id = useEngineStatus().data?.person.id;
  const kept = useVersionDrafts((drafts) => drafts[name]);
  return kept?.by === id ? kept : null;
}

/**
 * The drafts that are open, so that whoever looks something up on another screen finds theirs again. They go with the page, which begins
 * anew where the window is led to another deployment.
 */
export const useVersionDrafts = create<VersionDrafts>()((set) => ({
  policy: null,
  redaction: null,
  keepPolicy: (policy) => set({ policy }),
  keepRedaction: (redaction) => set({ redaction }),
}));
