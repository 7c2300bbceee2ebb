/** A number with its noun: `1 job`, `2,000 jobs`. @param many where it is not the noun with an s */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
