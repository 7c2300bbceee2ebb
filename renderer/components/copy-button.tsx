import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';

const SHOWN_MS = 1_500;

/** Copies a text and says so. */
export function CopyButton({ text, name }: { text: string; name: string }): ReactNode {
  const [outcome, setOutcome] = useState<'idle' | 'copied' | 'refused'>('idle');
  useEffect(() => {
    if (outcome === 'idle') return;
    const timer = setTimeout(() => setOutcome('idle'), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome('copied'),
      () => setOutcome('refused'),
    );
  };
  return (
    <span className="copy">
      <button type="button" className="icon-button" onClick={copy} aria-label={`Copy ${name}`} title={`Copy ${name}`}>
        {outcome === 'copied' ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
      </button>
      <output className={outcome === 'refused' ? 'text-danger' : 'visually-hidden'}>
        {outcome === 'copied' && 'Copied'}
        {outcome === 'refused' && 'The system refused the clipboard'}
      </output>
    </span>
  );
}
