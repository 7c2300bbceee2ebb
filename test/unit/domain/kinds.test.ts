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
    expect(kind.artefactOf({}).extension).toMatch(/^[a-z0-9]+$/);
  });

  it.each(KINDS)('$name takes a job without options and fills in its own', (kind) => {
    expect(kind.optionsSchema.safeParse({}).success).toBe(true);
  });

  it.each<{ kind: keyof typeof JOB_KINDS; options: Record<string, unknown>; mime: string }>([
    { kind: 'video', options: { container: 'webm' }, mime: 'video/webm' },
    { kind: 'document', options: {}, mime: 'text/markdown' },
    { kind: 'document', options: { format: 'text' }, mime: 'text/plain' },
    { kind: 'document', options: { schema: {} }, mime: 'application/json' },
    { kind: 'data', options: {}, mime: 'application/json' },
  ])('$kind with $options is $mime', ({ kind, options, mime }) => {
    expect(JOB_KINDS[kind].artefactOf(options).mime).toBe(mime);
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
    { kind: 'video', options: { durationSeconds: 0 } },
    { kind: 'video', options: { container: 'avi' } },
    { kind: 'document', options: { format: 'docx' } },
    { kind: 'data', options: { schema: 'string' } },
  ])('$kind refuses the options $options', ({ kind, options }) => {
    expect(JOB_KINDS[kind].optionsSchema.safeParse(options).success).toBe(false);
  });
});
