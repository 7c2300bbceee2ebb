import type { ReactNode } from 'react';

/** The workspace that a run or a statement is about; empty means every one. */
export function WorkspaceField({
  workspace,
  onChange,
}: {
  workspace: string;
  onChange: (workspace: string) => void;
}): ReactNode {
  return (
    <label className="run-field">
      Workspace
      <input
        type="text"
        value={workspace}
        maxLength={200}
        placeholder="every workspace"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
