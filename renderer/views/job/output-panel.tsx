import { CircleAlert, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import type { JobDetail } from '#contract/job-views.ts';
import type { OutputView } from '#contract/output-views.ts';
import { counted } from '#domain/counted.ts';
import { LongText } from '../../components/long-text.tsx';
import { MarkedText } from '../../components/marked-text.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useOutput } from '../../state/engine-queries.tsx';

/** The artefact: where it is, whether it is the one that was paid for, and what it looks like. */
export function OutputPanel({ detail }: { detail: JobDetail }): ReactNode {
  const { output } = detail;
  if (output === null) return null;
  return (
    <Panel title="Output">
      <Output jobId={detail.row.id} sha256={output.sha256} />
      <Facts>
        <Fact name="Where">
          <bdi className="mono">{output.uri}</bdi>
        </Fact>
        <Fact name="Type">
          <bdi>{output.mime}</bdi>
        </Fact>
        <Fact name="Size">
          <span className="tabular">{counted(output.bytes, 'byte')}</span>
        </Fact>
        <Fact name="SHA-256">
          <span className="mono">{output.sha256}</span>
        </Fact>
      </Facts>
    </Panel>
  );
}

const SAYS: Readonly<Record<OutputView['state'], string>> = {
  intact: 'The bytes have the hash that the job keeps.',
  changed: 'The file has other bytes than the job keeps the hash of. It is not shown.',
  missing: 'The file is not where the runner of this machine kept it.',
  elsewhere: 'It is kept where this machine does not read, so neither its hash nor its look can be checked here.',
  hidden: 'A redaction rule hides outputs from your role.',
};

function Output({ jobId, sha256 }: { jobId: string; sha256: string }): ReactNode {
  const output = useOutput(jobId, sha256);
  if (output.data === undefined) {
    return output.error === null ? (
      <output>Checking the hash…</output>
    ) : (
      <FailureMessage failure={output.error} onAskAgain={() => void output.refetch()} />
    );
  }
  const { state } = output.data;
  const isBad = state === 'changed' || state === 'missing';
  return (
    <>
      <Preview view={output.data} />
      <p
        className={isBad ? 'note' : 'check muted'}
        data-tone={isBad ? 'danger' : undefined}
        role={isBad ? 'alert' : undefined}
      >
        {state === 'intact' ? <ShieldCheck aria-hidden size={15} /> : <CircleAlert aria-hidden size={15} />}
        <span>{SAYS[state]}</span>
      </p>
    </>
  );
}

function Preview({ view: { state, look, path, text } }: { view: OutputView }): ReactNode {
  if (state === 'hidden') {
    return (
      <p>
        <MarkedText text={text ?? ''} />
      </p>
    );
  }
  if (text !== null) return <LongText text={text} name="output" isCode />;
  if (path === null) return null;
  if (look === 'image') return <img className="output-preview" src={path} alt="What the job made" />;
  if (look === 'video') {
    return (
      // oxlint-disable-next-line jsx-a11y/media-has-caption -- what a customer generated has no captions
      <video className="output-preview" src={path} controls preload="metadata" aria-label="What the job made" />
    );
  }
  // Without any allowance: no script, no form, no origin. The answer's own policy says the same once more.
  return (
    <iframe
      className="output-preview is-page"
      src={path}
      sandbox=""
      title="What the job made"
      referrerPolicy="no-referrer"
    />
  );
}
