import { InvalidArgumentError } from 'commander';

/**
 * A reader for options whose empty value would mean another thing than is meant, as a variable of a script that was never set: no query is
 * one for every job, and no folder is the one that one stands in.
 */
export function filledText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty; leave the option out, or say what is meant.');
  return text;
}
