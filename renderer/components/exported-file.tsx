import { useMutation } from '@tanstack/react-query';
import { FolderOpen, Save } from 'lucide-react';
import type { ReactNode } from 'react';
import { valueOrThrow } from '../state/engine-failure.ts';
import { useEngine } from '../state/engine-queries.tsx';
import { CopyButton } from './copy-button.tsx';
import { FailureLine } from './failure-line.tsx';

/**
 * Where an export was written, and what can be done with it: keep it elsewhere, or look at its folder.
 * @param says what stands before the path
 */
export function ExportedFile({ says, path }: { says?: string; path: string }): ReactNode {
  const engine = useEngine();
  const saving = useMutation({
    mutationFn: async () => valueOrThrow(await engine.call('exports.saveAs', { path })),
  });
  const showing = useMutation({
    mutationFn: async () => valueOrThrow(await engine.call('exports.show', { path })),
  });
  const error = saving.error ?? showing.error;
  return (
    <span className="exported-file">
      <output>
        {says} <bdi className="mono">{path}</bdi>
      </output>
      <CopyButton text={path} name="the file's path" />
      <button
        type="button"
        className="icon-button"
        aria-label="Show in its folder"
        title="Show in its folder"
        onClick={() => showing.mutate()}
      >
        <FolderOpen aria-hidden size={14} />
      </button>
      <button type="button" className="button" disabled={saving.isPending} onClick={() => saving.mutate()}>
        <Save aria-hidden size={14} />
        Save as…
      </button>
      {saving.data !== undefined && (
        <output className="muted">
          {saving.data.path === null ? 'Saved nowhere else.' : <>Saved to {saving.data.path}</>}
        </output>
      )}
      <FailureLine failure={error} look="inline" />
    </span>
  );
}
