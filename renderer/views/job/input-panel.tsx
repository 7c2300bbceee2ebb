import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { JobDetail } from '#contract/job-views.ts';
import { LongText } from '../../components/long-text.tsx';
import { Panel } from '../../components/panel.tsx';

/** What the customer asked for. */
export function InputPanel({ detail }: { detail: JobDetail }): ReactNode {
  return (
    <Panel title="Prompt and options">
      {!detail.isPromptKept && (
        <p className="note">
          <span>
            This machine&apos;s copy leaves prompts and texts of options out. <Link href="/copy">What it keeps</Link>
          </span>
        </p>
      )}
      <h3>Prompt</h3>
      <LongText text={detail.prompt} name="Prompt" />
      <h3>Options</h3>
      <LongText text={detail.optionsJson} name="Options" isCode />
      <p className="cell-note">
        Input hash <bdi className="mono">{detail.inputHash}</bdi>
      </p>
    </Panel>
  );
}

/** The document as it stands in the copy, for reading. */
export function DocumentPanel({ detail }: { detail: JobDetail }): ReactNode {
  return (
    <Panel title="Document">
      <details className="raw">
        <summary>Show the raw document ({detail.documentJson.length.toLocaleString('en')} characters)</summary>
        <LongText text={detail.documentJson} name="Raw document" isCode />
      </details>
    </Panel>
  );
}
