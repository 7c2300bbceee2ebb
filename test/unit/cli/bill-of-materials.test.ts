import { describe, expect, it } from 'vitest';
import { billOfShipped } from '#cli/bill-of-materials.ts';
import { packageFolderOf } from '#cli/bundled-packages.ts';

const react = { name: 'react', version: '19.0.0', 'bom-ref': 'react' };
const scoped = { group: '@tanstack', name: 'react-query', version: '5.0.0', 'bom-ref': 'query' };
const mongodb = { name: 'mongodb', version: '7.0.0', 'bom-ref': 'mongodb' };
const vitest = { name: 'vitest', version: '5.0.0', 'bom-ref': 'vitest' };
const everything = {
  components: [react, scoped, mongodb, vitest],
  dependencies: [{ ref: 'query', dependsOn: ['react', 'vitest'] }, { ref: 'vitest' }],
};
const installed = { bomFormat: 'CycloneDX', components: [mongodb], dependencies: [{ ref: 'mongodb' }] };

describe('the bill of materials', () => {
  it('lists what is installed and what is bundled, and nothing that only builds or tests', () => {
    const bundled = [
      { name: 'react', version: '19.0.0' },
      { name: '@tanstack/react-query', version: '5.0.0' },
      { name: 'mongodb', version: '7.0.0' },
    ];
    expect(billOfShipped(everything, installed, bundled)).toEqual({
      bomFormat: 'CycloneDX',
      components: [mongodb, react, scoped],
      dependencies: [{ ref: 'mongodb' }, { ref: 'query', dependsOn: ['react'] }],
    });
  });

  it('is none where something is bundled that nobody knows', () => {
    expect(() => billOfShipped(everything, installed, [{ name: 'left-pad', version: '1.0.0' }])).toThrow('left-pad');
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
