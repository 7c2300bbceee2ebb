import { describe, expect, it } from 'vitest';
import { applyUpdate } from '#sandbox/semantics/updates.ts';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf } from '../../support/evaluated.ts';

const DOCUMENT: Doc = {
  _id: 1,
  a: [
    { x: 0, b: [{ y: 0 }, { y: 1 }] },
    { x: 1, b: [] },
  ],
};
const FILTERS: Readonly<Record<string, Doc>> = {
  i: { 'i.x': 0 },
  j: { 'j.x': 0 },
  other: { 'other.x': 1 },
  k: { 'k.y': 0 },
  m: { 'm.y': 0 },
  n: { 'n.y': 1 },
};

/** What the document becomes when paths are set, all to the same value. */
function set(paths: readonly string[], filter: Doc = {}): Doc {
  const arrayFilters = Object.entries(FILTERS)
    .filter(([name]) => paths.some((path) => path.includes(`$[${name}]`)))
    .map(([, one]) => one);
  const update = { $set: Object.fromEntries(paths.map((path) => [path, 5])) };
  return applyUpdate(DOCUMENT, { update, filter, arrayFilters, variables: {} })?.document ?? DOCUMENT;
}

describe('paths to elements of a list', () => {
  it.each<{ what: string; paths: readonly string[]; filter?: Doc }>([
    { what: 'all beside one by its place', paths: ['a.$[].z', 'a.0.z'] },
    { what: 'all beside one by its place, with another field', paths: ['a.$[].z', 'a.7.w'] },
    { what: 'some beside the one that matched', paths: ['a.$[i].z', 'a.$.z'], filter: { 'a.x': 1 } },
    { what: 'the same by two names', paths: ['a.$[i]', 'a.$[j]'] },
    { what: 'a field of the same by two names', paths: ['a.$[i].z', 'a.$[j].z'] },
    { what: 'all and some', paths: ['a.$[].z', 'a.$[i].z'] },
    { what: 'one and what is in it', paths: ['a.$[i]', 'a.$[j].z'] },
    { what: 'the same in the same by two names', paths: ['a.$[i].b.$[k].z', 'a.$[j].b.$[m].z'] },
    { what: 'what would be the same in the same by two names', paths: ['a.$[i].c.$[k].z', 'a.$[j].c.$[k].z'] },
    { what: 'the one that matched, by its place', paths: ['a.$.z', 'a.0.z'], filter: { 'a.x': 0 } },
  ])('conflict: $what', ({ paths, filter }) => {
    expect(codeOf(() => set(paths, filter))).toBe(40);
  });

  it.each<{ what: string; paths: readonly string[]; filter?: Doc; a: readonly unknown[] }>([
    {
      what: 'different ones',
      paths: ['a.$[i].b', 'a.$[other].b'],
      a: [
        { x: 0, b: 5 },
        { x: 1, b: 5 },
      ],
    },
    {
      what: 'different fields of the same',
      paths: ['a.$[i].b', 'a.$[j].c'],
      a: [
        { x: 0, b: 5, c: 5 },
        { x: 1, b: [] },
      ],
    },
    {
      what: 'different ones in the same',
      paths: ['a.$[i].b.$[k]', 'a.$[j].b.$[n]'],
      a: [
        { x: 0, b: [5, 5] },
        { x: 1, b: [] },
      ],
    },
    {
      what: 'the one that matched beside another one by its place',
      paths: ['a.$.b', 'a.1.b'],
      filter: { 'a.x': 0 },
      a: [
        { x: 0, b: 5 },
        { x: 1, b: 5 },
      ],
    },
  ])('stand beside each other: $what', ({ paths, filter, a }) => {
    expect(set(paths, filter)).toEqual({ _id: 1, a });
  });
});
