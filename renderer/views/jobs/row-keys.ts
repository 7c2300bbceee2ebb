/**
 * The row that a key leads to in the list, null where the key means nothing there.
 * @param active index of the row that has the cursor, -1 for none
 * @param pageRows how many rows a page up or down skips
 */
export function rowAfterKey(
  key: string,
  { active, rowCount, pageRows }: { active: number; rowCount: number; pageRows: number },
): number | null {
  if (rowCount === 0) return null;
  const target = targetOf(key, active, rowCount, pageRows);
  return target === null ? null : Math.min(rowCount - 1, Math.max(0, target));
}

function targetOf(key: string, active: number, rowCount: number, pageRows: number): number | null {
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return active + 1;
    case 'ArrowUp':
    case 'k':
      return active - 1;
    case 'PageDown':
      return active + pageRows;
    case 'PageUp':
      return active - pageRows;
    case 'Home':
      return 0;
    case 'End':
      return rowCount - 1;
    default:
      return null;
  }
}
