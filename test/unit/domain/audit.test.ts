import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextEntry, NO_HASH, type AuditDraft, type AuditEntry } from '#domain/audit.ts';
import { ChainCheck, type ChainFault } from '#domain/chain-check.ts';

const hashText = (text: string): string => createHash('sha256').update(text).digest('hex');

const draft: AuditDraft = {
  atMs: 1000,
  actor: { type: 'user', id: 'ann' },
  isVerified: true,
  role: 'support',
  host: 'desk-1',
  version: '1.0.0',
  action: 'retry.run',
  subject: 'j1',
  outcome: 'asked',
  of: null,
  details: { price: 100, reason: 'customer called' },
  witness: null,
};

function chain(chainId: string, length: number, fields: Partial<AuditDraft> = {}): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const last = entries.at(-1);
    entries.push(
      nextEntry({ chainId, seq: seq - 1, hash: last?.hash ?? NO_HASH }, { ...draft, ...fields, atMs: seq }, hashText),
    );
  }
  return entries;
}

function at(entries: readonly AuditEntry[], index: number): AuditEntry {
  const entry = entries[index];
  if (entry === undefined) throw new Error(`there is no entry ${index}`);
  return entry;
}

function faultsOf(entries: readonly AuditEntry[], heads: readonly AuditEntry[] = []): readonly ChainFault[] {
  const check = new ChainCheck(hashText);
  entries.forEach((entry) => check.take(entry));
  heads.forEach(({ chainId, seq, hash }) => check.testify({ chainId, seq, hash }));
  return check.faults();
}

describe('the chain of audit entries', () => {
  it('has no fault as it was written', () => {
    const [first, second] = [chain('a', 5), chain('b', 3)];
    expect(faultsOf([...first, ...second], [at(first, 4), at(second, 2)])).toEqual([]);
  });

  it('shows every change of any field of any entry', () => {
    const fields = [
      'atMs',
      'actor',
      'isVerified',
      'role',
      'host',
      'version',
      'action',
      'subject',
      'outcome',
      'of',
      'details',
    ] as const;
    const others: Partial<AuditEntry> = {
      atMs: 7777,
      actor: { type: 'user', id: 'bob' },
      isVerified: false,
      role: 'founder',
      host: 'desk-2',
      version: '2.0.0',
      action: 'cancel.run',
      subject: null,
      outcome: 'done',
      of: 1,
      details: {},
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.constantFrom(...fields), (index, field) => {
        const entries = chain('a', 6);
        entries[index] = { ...at(entries, index), [field]: others[field] };
        expect(faultsOf(entries)).toContainEqual({ chainId: 'a', seq: index + 1, reason: 'changed' });
      }),
    );
  });

  it('shows a change whose hash was computed anew, by the entry behind it', () => {
    const entries = chain('a', 4);
    const { hash: _hash, ...rest } = at(entries, 1);
    entries[1] = nextEntry(
      { chainId: 'a', seq: 1, hash: rest.prevHash },
      { ...draft, atMs: 2, subject: 'j2' },
      hashText,
    );
    expect(faultsOf(entries)).toEqual([{ chainId: 'a', seq: 3, reason: 'changed' }]);
  });

  it('shows each entry that was taken out of the middle', () => {
    const entries = chain('a', 5);
    entries.splice(2, 1);
    expect(faultsOf(entries)).toEqual([{ chainId: 'a', seq: 3, reason: 'missing' }]);
  });

  it('shows an end that was cut off, by the list of ends', () => {
    const entries = chain('a', 5);
    expect(faultsOf(entries.slice(0, 3), [at(entries, 4)])).toEqual([{ chainId: 'a', seq: 4, reason: 'cut_off' }]);
  });

  it('shows an end that was cut off together with its head, by what another console testifies', () => {
    const first = chain('a', 5);
    const { chainId, seq, hash } = at(first, 4);
    const second = chain('b', 1, { witness: { chainId, seq, hash } });
    expect(faultsOf([...first.slice(0, 2), ...second])).toEqual([{ chainId: 'a', seq: 3, reason: 'cut_off' }]);
  });

  it('shows a chain that was written anew from an entry on, with every hash and its head, by what others testify', () => {
    const first = chain('a', 8);
    const { chainId, seq, hash } = at(first, 5);
    const second = chain('b', 2, { witness: { chainId, seq, hash } });
    const forged = first.slice(0, 3);
    for (let next = 3; next < 10; next += 1) {
      const { hash: last } = at(forged, next - 1);
      forged.push(
        nextEntry({ chainId: 'a', seq: next, hash: last }, { ...draft, atMs: next, subject: 'other' }, hashText),
      );
    }
    const changed = [{ chainId: 'a', seq: 6, reason: 'changed' }];
    expect(faultsOf(forged, [at(forged, 9)])).toEqual([]);
    // Whether the witness is read before or behind what it is about, and though an end further on is testified to as well.
    expect(faultsOf([...forged, ...second], [at(forged, 9)])).toEqual(changed);
    expect(faultsOf([...second, ...forged], [at(forged, 9)])).toEqual(changed);
    // By this machine's own chain, which is asked after the list of ends.
    expect(faultsOf(forged, [at(forged, 9), at(first, 5)])).toEqual(changed);
    expect(faultsOf(forged.slice(0, 8), [at(forged, 7), at(first, 7)])).toEqual([{ ...changed[0], seq: 8 }]);
  });

  it('says which chains have grown since they were taken, and nothing of them once they are read on', () => {
    const [first, check] = [chain('a', 4), new ChainCheck(hashText)];
    first.slice(0, 2).forEach((entry) => check.take(entry));
    const { chainId, seq, hash } = at(first, 3);
    check.testify({ chainId, seq, hash });
    expect(check.behind).toEqual([{ chainId: 'a', seq: 2 }]);
    first.slice(2).forEach((entry) => check.take(entry));
    expect([check.behind, check.faults()]).toEqual([[], []]);
  });

  it('says nothing of other chains where only one was taken', () => {
    const other = at(chain('b', 3), 2);
    const entries = chain('a', 2, { witness: { chainId: 'b', seq: 3, hash: other.hash } });
    const check = new ChainCheck(hashText);
    entries.forEach((entry) => check.take(entry));
    expect(check.faults()).toEqual([{ chainId: 'b', seq: 1, reason: 'cut_off' }]);
    expect(check.faults('a')).toEqual([]);
  });

  it('shows a chain of which nothing is left', () => {
    expect(faultsOf([], chain('a', 2).slice(1))).toEqual([{ chainId: 'a', seq: 1, reason: 'cut_off' }]);
  });

  it('shows an entry that stands twice, and a document that is none', () => {
    const entries = chain('a', 2);
    const check = new ChainCheck(hashText);
    [...entries, at(entries, 1)].forEach((entry) => check.take(entry));
    check.takeMalformed('x');
    expect(check.faults().map(({ reason }) => reason)).toEqual(['twice', 'malformed']);
  });
});
