import { describe, expect, it } from 'vitest';
import { creditsSchema } from '#domain/credits.ts';
import { findKind, JOB_KINDS } from '#domain/kinds.ts';

const KINDS = Object.values(JOB_KINDS);

describe('the catalogue of kinds', () => {
  it.each(KINDS)('$name has a price of whole credits, a name of its own and time-outs in order', (kind) => {
    expect(creditsSchema.safeParse(kind.priceCredits).success).toBe(true);
    expect(kind.priceCredits).toBeGreaterThan(0);
    expect(findKind(kind.name)).toBe(kind);
    expect(kind.softTimeoutMs).toBeLessThan(kind.hardTimeoutMs);
    expect(kind.artefact.extension).toMatch(/^[a-z0-9]+$/);
  });

  it.each(KINDS)('$name takes a job without options and fills in its own', (kind) => {
    expect(kind.optionsSchema.safeParse({}).success).toBe(true);
  });

  it.each(['constructor', '__proto__', 'toString', '', 'Website', 'video '])('%j is no kind', (name) => {
    expect(findKind(name)).toBeUndefined();
  });

  it.each<{ kind: keyof typeof JOB_KINDS; options: Record<string, unknown> }>([
    { kind: 'website', options: { requiredParts: 'main' } },
    { kind: 'website', options: { requiredParts: ['<main>'] } },
    { kind: 'website', options: { requiredParts: Array(51).fill('main') } },
    { kind: 'image', options: { size: '0x10' } },
    { kind: 'image', options: { size: '512' } },
    { kind: 'image', options: { size: '99999x99999' } },
  ])('$kind refuses the options $options', ({ kind, options }) => {
    expect(JOB_KINDS[kind].optionsSchema.safeParse(options).success).toBe(false);
  });
});
