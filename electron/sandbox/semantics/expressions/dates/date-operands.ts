import { ObjectId, Timestamp } from 'bson';
import { dateOf } from '../../date-range.ts';
import { isWhole, numberKind, toBig } from '../../numbers.ts';
import { typeNameOf } from '../../type-operator.ts';
import { isNil, type Evaluate, type Scope } from '../compile.ts';
import { refuse } from '../refusal.ts';
import { UTC, zoneNamed, type TimeZone } from './time-zones.ts';

/** A date, or what MongoDB takes for one; null for anything else. */
export function dateFrom(value: unknown): number | null {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Timestamp) return value.t * 1000;
  return value instanceof ObjectId ? value.getTimestamp().getTime() : null;
}

/** {@link dateFrom}; error 16006 for anything else. */
export function dateOperand(value: unknown): number {
  const ms = dateFrom(value);
  if (ms === null) throw refuse(16_006, `can't convert from BSON type ${typeNameOf(value)} to Date`);
  return ms;
}

/** UTC where no zone is named, null where the name is null. Errors: 40517, 40485. */
export function zoneOperand(timezone: Evaluate | undefined, scope: Scope): TimeZone | null {
  if (timezone === undefined) return UTC;
  const name = timezone(scope);
  if (isNil(name)) return null;
  if (typeof name !== 'string') throw refuse(40_517, `timezone must evaluate to a string, found ${typeNameOf(name)}`);
  return zoneNamed(name);
}

/** A whole number of 64 bits; null for anything else. */
export function wholeFrom(value: unknown): bigint | null {
  if (numberKind(value) === null || !isWhole(value)) return null;
  const whole = toBig(value);
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

/** A time as a date. Errors: 5166406 beyond the ends of a long, and `NotImplemented` in front of them beyond those of JavaScript's dates. */
export function dateAt(ms: number): Date {
  if (!(Math.abs(ms) < LONG_END)) throw refuse(5_166_406, 'dateAdd overflowed');
  return dateOf(ms);
}

const LONG_END = 2 ** 63;
