import type { ReactNode } from 'react';
import { FailureMessage } from './screen-message.tsx';

/** What this needs of an infinite query. */
interface PagedList {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly isFetchNextPageError: boolean;
  readonly error: Error | null;
  readonly fetchNextPage: () => Promise<unknown>;
  readonly refetch: () => Promise<unknown>;
}

/**
 * The foot of a list that is read page by page: reads the next page, and says why something could not be read.
 * @param says what the button says
 */
export function MoreRows({ list, says = 'Show more' }: { list: PagedList; says?: string }): ReactNode {
  const read = (): void => void list.fetchNextPage();
  if (list.error !== null) {
    const onAskAgain = list.isFetchNextPageError ? read : (): void => void list.refetch();
    return <FailureMessage failure={list.error} onAskAgain={onAskAgain} />;
  }
  if (!list.hasNextPage) return null;
  return (
    <button type="button" className="button" disabled={list.isFetchingNextPage} onClick={read}>
      {list.isFetchingNextPage ? 'Reading…' : says}
    </button>
  );
}
