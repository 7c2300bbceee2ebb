import { CircleAlert, DatabaseZap, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { ERRORS } from '#domain/errors.ts';
import { toWireError } from '../state/engine-failure.ts';
import { CodeWords } from './code-words.tsx';

interface ScreenMessageProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children: ReactNode;
  readonly tone?: 'plain' | 'danger';
  /** One technical line for the curious. */
  readonly detail?: string | null;
  readonly action?: ReactNode;
  /** True where nothing else is on the screen, so that its title is the screen's. */
  readonly isWholeScreen?: boolean;
}

/** What a screen or a part of it says when it has nothing to show: empty, failed, or not there. */
export function ScreenMessage(props: ScreenMessageProps): ReactNode {
  const { icon: Icon, title, children, tone = 'plain', detail = null, action = null, isWholeScreen = false } = props;
  const Title = isWholeScreen ? 'h1' : 'h2';
  return (
    <div className="screen-message" data-tone={tone} role={tone === 'danger' ? 'alert' : 'status'}>
      <Icon aria-hidden size={28} strokeWidth={1.5} />
      <Title className="screen-message-title">{title}</Title>
      <p>{children}</p>
      {detail !== null && <code className="screen-message-detail">{detail}</code>}
      {action}
    </div>
  );
}

/** A failed request in words of the catalogue, with the way to ask again. */
export function FailureMessage({
  failure,
  onAskAgain,
  isWholeScreen = false,
}: {
  failure: unknown;
  onAskAgain: () => void;
  isWholeScreen?: boolean;
}): ReactNode {
  const error = toWireError(failure);
  if (error.code === 'copy_upgrading') {
    // Nothing is wrong, and when it is over everything on the screen is read anew by itself.
    return (
      <ScreenMessage icon={DatabaseZap} title={ERRORS[error.code].message} isWholeScreen={isWholeScreen}>
        {ERRORS[error.code].action}
      </ScreenMessage>
    );
  }
  return (
    <ScreenMessage
      icon={CircleAlert}
      tone="danger"
      title={ERRORS[error.code].message}
      detail={error.detail}
      isWholeScreen={isWholeScreen}
      action={
        <button type="button" className="button" onClick={onAskAgain}>
          Try again
        </button>
      }
    >
      <CodeWords text={ERRORS[error.code].action} />
    </ScreenMessage>
  );
}
