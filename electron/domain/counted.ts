const wholeNumbers = new Intl.NumberFormat('en');

/** A whole number with its thousands apart: `12,000`. The format is made once: `toLocaleString` makes one for each number. */
export function formatCount(count: number): string {
  return wholeNumbers.format(count);
}

/** A number with its noun: `1 job`, `2,000 jobs`. @param many where it is not the noun with an s */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
