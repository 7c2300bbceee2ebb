import {
  MongoBulkWriteError,
  MongoDriverError,
  MongoNetworkError,
  MongoServerError,
  MongoUnexpectedServerResponseError,
  type BulkWriteResult,
} from 'mongodb';
import { describe, expect, it } from 'vitest';
import { toAppError } from '#store/driver-errors.ts';

const NOTHING_WRITTEN = { getWriteConcernError: () => undefined } as unknown as BulkWriteResult;

/** As the driver throws it without exporting its class. */
class PoolClosedError extends MongoDriverError {
  override get name(): string {
    return 'MongoPoolClosedError';
  }
}

describe('an error of the driver in words of the catalogue', () => {
  it('is an unreachable server where the connection was cut in the middle of a bulk write', () => {
    // The driver itself hands the error over where the type says a description of one.
    const cut = new MongoNetworkError('connection closed') as unknown as ConstructorParameters<
      typeof MongoBulkWriteError
    >[0];
    expect(toAppError(new MongoBulkWriteError(cut, NOTHING_WRITTEN))).toMatchObject({ code: 'server_unreachable' });
  });

  it("is the server's answer where the server refused a bulk write", () => {
    const refused = new MongoBulkWriteError({ message: 'not allowed', code: 13 }, NOTHING_WRITTEN);
    expect(toAppError(refused)).toMatchObject({ code: 'not_authorized' });
    expect(toAppError(new MongoServerError({ message: 'no', code: 2 }))).toMatchObject({ code: 'server_error' });
  });

  it.each([
    ['is being shut down', 91],
    ['steps down', 189],
    ['is no primary', 10107],
    ['is interrupted by its end', 11600],
    ['is interrupted by an election', 11602],
  ])('is an unreachable server where it says that it %s, alone or of a bulk write', (_what, code) => {
    const told = new MongoServerError({ message: 'not now', code });
    const ofBulk = told as unknown as ConstructorParameters<typeof MongoBulkWriteError>[0];
    expect(toAppError(told)).toMatchObject({ code: 'server_unreachable' });
    expect(toAppError(new MongoBulkWriteError(ofBulk, NOTHING_WRITTEN))).toMatchObject({ code: 'server_unreachable' });
  });

  it('shows no password of a connection string that stands in its message', () => {
    const { detail } = toAppError(new MongoNetworkError('failed for mongodb://ann:s3cret@db.example/x'));
    expect(detail).not.toContain('s3cret');
  });

  it('is an unreachable server where the connection was closed while a call was under way', () => {
    expect(toAppError(new PoolClosedError('closed'))).toMatchObject({ code: 'server_unreachable' });
  });

  it("is the server's answer where the driver could make nothing of it", () => {
    const unexpected = new MongoUnexpectedServerResponseError('no cursor in the reply');
    expect(toAppError(unexpected)).toMatchObject({ code: 'server_error' });
  });

  it('is thrown on where it is none of the driver', () => {
    expect(() => toAppError(new TypeError('a bug'))).toThrow('a bug');
  });
});
