import { describe, expect, it } from 'vitest';
import { billOfShipped, missingInBill } from '#cli/bill-of-materials.ts';
import { packageFolderOf } from '#cli/bundled-packages.ts';

const react = { name: 'react', version: '19.0.0', 'bom-ref': 'react' };
const scoped = { group: '@tanstack', name: 'react-query', version: '5.0.0', 'bom-ref': 'query' };
const mongodb = { name: 'mongodb', version: '7.0.0', 'bom-ref': 'mongodb' };
const vitest = { name: 'vitest', version: '5.0.0', 'bom-ref': 'vitest' };
const electron = { name: 'electron', version: '45.0.0', 'bom-ref': 'electron' };
const everything = {
  components: [react, scoped, mongodb, vitest, electron],
  dependencies: [{ ref: 'query', dependsOn: ['react', 'vitest'] }, { ref: 'vitest' }],
};
const installed = { bomFormat: 'CycloneDX', components: [mongodb], dependencies: [{ ref: 'mongodb' }] };

describe('the bill of materials', () => {
  it('lists what is installed, what is bundled and the runtime, and nothing that only builds or tests', () => {
    const bundled = [
      { name: 'react', version: '19.0.0' },
      { name: '@tanstack/react-query', version: '5.0.0' },
      { name: 'mongodb', version: '7.0.0' },
    ];
    expect(billOfShipped(everything, installed, bundled)).toEqual({
      bomFormat: 'CycloneDX',
      components: [mongodb, react, scoped, electron],
      dependencies: [{ ref: 'mongodb' }, { ref: 'query', dependsOn: ['react'] }],
    });
  });

  it('is none where something is bundled that nobody knows', () => {
    expect(() => billOfShipped(everything, installed, [{ name: 'left-pad', version: '1.0.0' }])).toThrow('left-pad');
  });

  it('is none without the runtime, which npm takes for development', () => {
    const withoutRuntime = { components: [react, mongodb] };
    expect(() => billOfShipped(withoutRuntime, installed, [])).toThrow('electron ships and is in no bill');
  });

  it('names what ships by the lock file, or is bundled, and is not listed', () => {
    const lock = {
      packages: {
        '': { version: '1.0.0' },
        'node_modules/mongodb': { version: '7.0.0' },
        'node_modules/re2js': { version: '2.0.0' },
        'node_modules/@a/b/node_modules/bson': { version: '6.0.0' },
        'node_modules/vitest': { version: '5.0.0', dev: true },
        'node_modules/only-on-windows': { version: '1.0.0', optional: true },
      },
    };
    const bill = { components: [mongodb, { name: 'bson', version: '7.0.0' }] };
    const bundled = [{ name: 'react', version: '19.0.0' }];
    expect(missingInBill(bill, lock, bundled)).toEqual(['bson@6.0.0', 're2js@2.0.0', 'react@19.0.0']);
    const all = [mongodb, react, { name: 're2js', version: '2.0.0' }, { name: 'bson', version: '6.0.0' }];
    expect(missingInBill({ components: all }, lock, bundled)).toEqual([]);
  });

  it.each([
    ['/p/node_modules/react/index.js', '/p/node_modules/react'],
    ['/p/node_modules/@a/b/dist/x.js?commonjs', '/p/node_modules/@a/b'],
    ['\0/p/node_modules/a/node_modules/c/x.js', '/p/node_modules/a/node_modules/c'],
    ['/p/renderer/app/start.tsx', null],
  ])('takes %s to its package', (id, folder) => {
    expect(packageFolderOf(id)).toBe(folder);
  });
});
