import { createHash } from 'node:crypto';
import { Long } from 'bson';
import { strFromU8, unzipSync, zipSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCasePack, verifyCasePack } from '#console/case-pack/case-pack.ts';
import { toJobDetail } from '#engine/job-views.ts';
import { jobIn } from '../../support/cache-world.ts';

const MADE_AT = new Date(Date.UTC(2026, 10, 24, 12));
const PROMPT = 'A page about my secret recipe';
const detailOf = (failureMessage: string, id = 'job-1') => {
  const job = jobIn({ id, state: 'failed', prompt: PROMPT, failureMessage });
  const withOptions = {
    ...job,
    input: { ...job.input, options: { style: 'of my own', apiKey: 'sk-abcdefghijklmnop' } },
  };
  return toJobDetail({
    job: withOptions,
    document: withOptions,
    ledger: [],
    account: null,
    observed: [],
    followers: [],
    isPromptKept: true,
  });
};

/** An archive with a name that no archiver would write; both are of the same length. */
function renamed(archive: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(archive).toString('latin1').replaceAll(from, to), 'latin1');
}

describe('a case pack', () => {
  const pack = buildCasePack([detailOf('Refused <script>alert(1)</script>')], MADE_AT);

  it('is found whole, with the hash that was told when it was made', () => {
    expect(verifyCasePack(pack.bytes)).toEqual({
      contentHash: pack.contentHash,
      madeAt: '2026-11-24T12:00:00.000Z',
      jobs: 1,
      faults: [],
    });
  });

  it('is the same bytes for the same jobs at the same time', () => {
    const again = buildCasePack([detailOf('Refused <script>alert(1)</script>')], MADE_AT);
    expect(createHash('sha256').update(again.bytes).digest('hex')).toBe(
      createHash('sha256').update(pack.bytes).digest('hex'),
    );
  });

  it('has an integer of 64 bits with all of its digits, as the job is shown', () => {
    const job = jobIn({ id: 'job-1', state: 'failed' });
    const options = { seed: Long.fromString('1234567890123456789'), mimic: { _bsontype: 'Long' } };
    const detail = toJobDetail({
      job: { ...job, input: { ...job.input, options } },
      document: { options },
      ledger: [],
      account: null,
      observed: [],
      followers: [],
      isPromptKept: true,
    });
    expect(detail.optionsJson).toContain('"seed": 1234567890123456789');
    expect(detail.optionsJson).toContain('"_bsontype": "Long"');
    expect(detail.documentJson).toContain('"seed": 1234567890123456789');
    const files = unzipSync(buildCasePack([detail], MADE_AT).bytes);
    expect(strFromU8(files['case.json'] ?? new Uint8Array())).toContain('1234567890123456789');
  });

  it('holds no markup of a job in its page', () => {
    const page = strFromU8(unzipSync(pack.bytes)['case.html'] ?? new Uint8Array());
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script');
  });

  it.each([
    ['the prompt', PROMPT],
    ['texts of options', 'of my own'],
    ['a key in the options', 'sk-abcdefghijklmnop'],
    ['the prompt in a message', `echo: ${PROMPT}`],
    ['a key in a message', 'Bearer abc.def.ghi'],
    ['an address of mail', 'ann@example.com'],
    ['a query of an address', 'signature=123'],
  ])('does not hold %s', (_, canary) => {
    const message = `${PROMPT} Bearer abc.def.ghi ann@example.com https://x.example/a?signature=123`;
    const files = Object.values(unzipSync(buildCasePack([detailOf(message)], MADE_AT).bytes)).map((file) =>
      strFromU8(file),
    );
    expect(files).toHaveLength(3);
    expect(files.filter((file) => file.includes(canary))).toEqual([]);
  });

  it.each([
    ['the beginning of the prompt', `refused: “${PROMPT.slice(0, 20)}…”`, PROMPT.slice(0, 20)],
    ['the prompt in other letters', `refused: ${PROMPT.toUpperCase()}`, PROMPT.toUpperCase()],
    ['a text of the options', 'the style “of my own” is not known', 'of my own'],
  ])('does not hold %s where a message quotes it', (_, message, canary) => {
    const files = Object.values(unzipSync(buildCasePack([detailOf(message)], MADE_AT).bytes)).map((file) =>
      strFromU8(file).toLowerCase(),
    );
    expect(files.filter((file) => file.includes(canary.toLowerCase()))).toEqual([]);
  });

  it.each(['not_charged', 'temporary', 'validation'])(
    'is made of a job whose prompt is a word of ours: %s',
    (prompt) => {
      const detail = { ...detailOf('refused'), prompt };
      const made = buildCasePack([detail], MADE_AT);
      const kept: unknown = JSON.parse(strFromU8(unzipSync(made.bytes)['case.json'] ?? new Uint8Array()));
      const { row, failure, validation } = detail;
      const told = { row: { state: row.state, chargeStatus: row.chargeStatus }, failure: { class: failure?.class } };
      expect(kept).toMatchObject([{ ...told, validation }]);
    },
  );

  it('is made of a job whose longest message quotes nothing but its options', () => {
    const message = 'of my own '.repeat(100);
    const check = { name: 'words', passed: false, severity: 'error', message } as const;
    const detail = { ...detailOf('refused'), validation: { passed: false, checks: [check] } };
    expect(verifyCasePack(buildCasePack([detail], MADE_AT).bytes).faults).toEqual([]);
  });

  it.each([
    ['case.json', 'case.json was changed'],
    ['case.html', 'case.html was changed'],
  ])('with a changed %s is found out', (name, fault) => {
    const files = unzipSync(pack.bytes);
    const changed = { ...files, [name]: Buffer.concat([files[name] ?? new Uint8Array(), Buffer.from(' ')]) };
    expect(verifyCasePack(zipSync(changed)).faults).toEqual([fault]);
  });

  it('with a file too many, one too few or another manifest is found out', () => {
    const files = unzipSync(pack.bytes);
    const { 'case.html': _page, ...fewer } = files;
    const manifest = strFromU8(files['manifest.json'] ?? new Uint8Array()).replace('"jobs": 1', '"jobs": 2');
    expect(verifyCasePack(zipSync({ ...files, 'more.txt': Buffer.from('x') })).faults).toEqual(['more.txt was added']);
    expect(verifyCasePack(zipSync(fewer)).faults).toEqual(['case.html is missing']);
    expect(verifyCasePack(zipSync({ ...files, 'manifest.json': Buffer.from(manifest) })).faults).toEqual([
      'manifest.json was changed',
    ]);
  });

  it.each(['constructor', '__proto__'])('with a file too many is found out, also by the name %s', (name) => {
    const standIn = name.replaceAll('o', '0');
    const more = zipSync({ ...unzipSync(pack.bytes), [standIn]: Buffer.from('x') });
    expect(verifyCasePack(renamed(more, standIn, name)).faults).toEqual([`${name} was added`]);
  });

  it('with a file too many is found out, also where it says that it is too large to look at', () => {
    const more = Buffer.from(zipSync({ ...unzipSync(pack.bytes), 'more.html': Buffer.from('x') }));
    // In the table of an archive the size of a file stands 22 bytes before its name.
    more.writeUInt32LE(600 * 1024 * 1024, more.lastIndexOf('more.html') - 22);
    expect(verifyCasePack(more).faults).toEqual(['more.html was added']);
  });

  it('with a second file of one name is found out, of which a program may show either', () => {
    const twice = zipSync({ 'case.htm_': Buffer.from('forged'), ...unzipSync(pack.bytes) });
    expect(verifyCasePack(renamed(twice, 'case.htm_', 'case.html')).faults).toEqual(['case.html stands there twice']);
  });

  it('that names what every object has is found out to lack it', () => {
    const files = unzipSync(pack.bytes);
    const manifest = strFromU8(files['manifest.json'] ?? new Uint8Array()).replace('"case.html"', '"toString"');
    const { faults } = verifyCasePack(zipSync({ ...files, 'manifest.json': Buffer.from(manifest) }));
    expect(faults).toEqual(['manifest.json was changed', 'toString is missing', 'case.html was added']);
  });

  it('has a verdict whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.nat(pack.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, turn) => {
        const bytes = Uint8Array.from(pack.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ turn;
        const verdict = verifyCasePack(bytes);
        // A turned bit outside the contents (a time in the archive's table) leaves every file as it was.
        expect(verdict.faults.length > 0 || verdict.contentHash === pack.contentHash).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(verifyCasePack(Uint8Array.of(1, 2, 3)).faults).toHaveLength(1);
  });
});
