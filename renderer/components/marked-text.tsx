import { EyeOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { piecesOf } from '#domain/redaction/redaction-mark.ts';
import './marked-text.css';

/** A text in which what is hidden from the reader is set off as hidden: with a sign, a frame and the word, never by colour alone. */
export function MarkedText({ text }: { text: string }): ReactNode {
  const pieces = piecesOf(text);
  if (pieces.every(({ label }) => label === null)) return text;
  return pieces.map((piece, index) =>
    piece.label === null ? (
      // oxlint-disable-next-line react/no-array-index-key -- pieces of one text have no other name than their place
      <span key={index}>{piece.text}</span>
    ) : (
      // oxlint-disable-next-line react/no-array-index-key -- as above
      <span key={index} className="redacted" title="Hidden from your role by a redaction rule">
        <EyeOff aria-hidden size={12} />
        redacted: {piece.label}
      </span>
    ),
  );
}
