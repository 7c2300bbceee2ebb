import type { MappedField, MappedShape } from './mapped-shape.ts';

type Value = (value: unknown) => unknown;

/** A date as text that orders as the date does. */
export const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** Stands before a state's name that no state has, so that it never passes for one of ours. */
export const UNKNOWN_STATE = 'unknown state: ';
/** The greatest time that a date can hold, in milliseconds. */
const EPOCH_MS_MAX = 8.64e15;

/**
 * A value of theirs as ours. One that is not written as the field's form says is handed on as something that no schema takes, so
 * that its document is malformed and never half understood.
 */
export function valueToOurs(field: MappedField, shape: Pick<MappedShape, 'stateByTheirs'>): Value {
  const { form } = field;
  switch (form.type) {
    case 'same':
      return (value) => value;
    case 'state':
      return (value) =>
        typeof value === 'string' ? (shape.stateByTheirs.get(value) ?? `${UNKNOWN_STATE}${value}`) : value;
    case 'date_iso':
      return isoToDate;
    case 'date_epoch_ms':
      return epochToDate;
    case 'credits_whole':
      return (value) => wholeToSmallest(value, 10 ** form.decimals);
  }
}

/** A value of ours as theirs. What is no value of the kind is handed on as it is. */
export function valueToTheirs(field: MappedField, shape: Pick<MappedShape, 'stateNames'>): Value {
  const { form } = field;
  switch (form.type) {
    case 'same':
      return (value) => value;
    case 'state':
      return (value) => (typeof value === 'string' ? stateToTheirs(value, shape.stateNames) : value);
    case 'date_iso':
      return (value) => (value instanceof Date ? value.toISOString() : value);
    case 'date_epoch_ms':
      return (value) => (value instanceof Date ? value.getTime() : value);
    case 'credits_whole':
      return (value) => (typeof value === 'number' ? value / 10 ** form.decimals : value);
  }
}

function stateToTheirs(value: string, names: MappedShape['stateNames']): string {
  if (value.startsWith(UNKNOWN_STATE)) return value.slice(UNKNOWN_STATE.length);
  return names.get(value)?.[0] ?? value;
}

function isoToDate(value: unknown): unknown {
  if (value instanceof Date) return `not a text: ${String(value.getTime())}`;
  if (typeof value !== 'string' || !ISO_DATE.test(value)) return value;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) || date.toISOString() !== value ? value : date;
}

function epochToDate(value: unknown): unknown {
  if (value instanceof Date) return `not a number: ${String(value.getTime())}`;
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= EPOCH_MS_MAX
    ? new Date(value)
    : value;
}

/** Only what comes back as the same number is taken; anything else is no amount of the smallest unit. */
function wholeToSmallest(value: unknown, unit: number): unknown {
  if (typeof value !== 'number') return value;
  const smallest = Math.round(value * unit);
  return Number.isSafeInteger(smallest) && smallest / unit === value ? smallest : `not in units: ${value}`;
}
