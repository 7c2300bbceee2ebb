import { InvalidArgumentError } from 'commander';

/** A reader for options that are whole numbers from `min` to `max`; refuses everything else with a sentence. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`A whole number from ${min} to ${max} is expected.`);
    }
    return value;
  };
}
