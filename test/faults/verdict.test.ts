import { deserialize, serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { queuedJob } from '../support/job-builder.ts';
import { isAtRest, judge } from './verdict.ts';
import { messageBytesOf, readCommand } from './wire-refusal.ts';

const EMPTY = { jobs: [], accounts: [], ledger: [] };

describe('the verdict on a deployment that was broken and drained', () => {
  it('finds nothing wrong where nothing is', () => {
    expect(judge(EMPTY, [], []).findings).toEqual([]);
  });

  it('counts a job that was acknowledged and is gone as lost', () => {
    expect(judge(EMPTY, ['j1'], [])).toMatchObject({ lostJobs: 1, findings: ['lost: j1'] });
  });

  it('counts a job that is not at its end as stuck', () => {
    const books = { ...EMPTY, jobs: [queuedJob({ id: 'j1' })] };
    expect(isAtRest(books)).toBe(false);
    expect(judge(books, ['j1'], [])).toMatchObject({ stuckJobs: 1, lostJobs: 0 });
  });

  it('counts a history that goes where the state machine does not as illegal', () => {
    const job = queuedJob({ id: 'j1' });
    const [created] = job.history;
    if (created === undefined) throw new Error('a job has a history');
    const history = [created, { ...created, seq: 2, from: 'completed', to: 'queued' } as const];
    expect(judge({ ...EMPTY, jobs: [{ ...job, history }] }, [], []).illegalTransitions).toBeGreaterThan(0);
  });

  it('counts two captures of one generation as a double charge', () => {
    const at = new Date('2026-10-01T08:00:00Z');
    const entry = (type: 'reserve' | 'capture', n: number, credits: number) =>
      ({
        _id: `g-j1:${type}:${n}`,
        workspaceId: 'w1',
        jobId: 'j1',
        generationId: 'g-j1',
        attempt: 1,
        type,
        credits,
        at,
        actor: { type: 'system', id: 'test' },
        reason: 'test',
        period: '2026-10',
      }) as const;
    const ledger = [entry('reserve', 1, 200), entry('capture', 1, 100), entry('capture', 2, 100)];
    expect(judge({ ...EMPTY, ledger }, [], []).doubleCharges).toBeGreaterThan(0);
  });

  it('counts a second purchase of what was bought and never received as a double charge', () => {
    expect(judge(EMPTY, [], ['g-j1:2'])).toMatchObject({ doubleCharges: 1, findings: ['bought twice: g-j1:2'] });
  });
});

function messageOf(command: object): Buffer {
  const body = Buffer.from(serialize(command));
  const head = Buffer.alloc(21);
  head.writeInt32LE(21 + body.length, 0);
  head.writeInt32LE(77, 4);
  head.writeInt32LE(2013, 12);
  return Buffer.concat([head, body]);
}

describe('a command that is refused in the place of its server', () => {
  it('is read by its name and answered to the request it came with', () => {
    const request = messageOf({ update: 'jobs', txnNumber: 3 });
    expect(messageBytesOf(request)).toBe(request.length);
    const command = readCommand(request);
    expect(command?.name).toBe('update');
    const reply = command?.refusal(189) ?? Buffer.alloc(21);
    expect(reply.readInt32LE(8)).toBe(77);
    expect(deserialize(reply.subarray(21))).toMatchObject({ ok: 0, code: 189, errorLabels: ['RetryableWriteError'] });
  });

  it.each([
    ['a part of a message', messageOf({ find: 'jobs' }).subarray(0, 30)],
    ['nothing', Buffer.alloc(0)],
  ])('is let through where the bytes are %s', (_what, bytes) => {
    expect(readCommand(bytes)).toBeNull();
  });
});
