import { describe, expect, it } from 'vitest';
import { labelOf } from '#store/server-address.ts';

describe('the label of an address', () => {
  it.each([
    ['mongodb://ann:secret@h1:27018,h2:27017/shop?tls=true', null, 'h1:27018,h2:27017/shop'],
    ['mongodb://h1/', null, 'h1/runledger'],
    ['mongodb://h1/caf%C3%A9', null, 'h1/café'],
    ['mongodb://h1/shop', 'other', 'h1/other'],
    ['mongodb://h1/shop', '', 'h1/shop'],
    ['mongodb://h1/', '', 'h1/runledger'],
  ])('names the servers and the database of %s and nothing that is secret', (uri, dbName, label) => {
    expect(labelOf(uri, dbName)).toEqual({ ok: true, value: label });
  });

  it.each(['nothing', 'mongodb://ann:100%@h1/shop', 'mongodb://h1/100%', 'mongodb://h1/%E0%A4%A'])(
    'is refused for %s, which is no address',
    (uri) => {
      expect(labelOf(uri, null)).toMatchObject({ ok: false, error: { code: 'uri_invalid', detail: null } });
    },
  );
});
