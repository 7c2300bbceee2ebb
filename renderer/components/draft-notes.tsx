import { Inbox } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

/** Says that the server is away, and what can be done all the same. */
export function AwayNote(): ReactNode {
  return (
    <p className="note">
      <Inbox aria-hidden size={14} />
      <span>
        The server is away, so nobody can say what this would do. It can be kept as a draft: it is checked anew when the
        server is back, and sent only by you.
      </span>
    </p>
  );
}

/** What a dialog holds once its draft was kept. */
export function KeptBody({ onClose }: { onClose: () => void }): ReactNode {
  return (
    <div className="dialog-body">
      <KeptNote />
      <div className="dialog-actions">
        <button type="button" className="button" data-kind="primary" onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  );
}

/** Says that a draft was kept, and where it is found. */
export function KeptNote(): ReactNode {
  return (
    <output>
      Kept. Nothing was sent; when the server is back it stands under <Link href="/drafts">Drafts</Link> with what it
      would do then.
    </output>
  );
}
