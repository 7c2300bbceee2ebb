import { z } from 'zod';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import { WRITES } from '#domain/privileges.ts';
import { malformedRecordSchema } from '../malformed-record.ts';
import { invoiceViewSchema } from '../period-views.ts';
import type { RequestTable } from './definition.ts';

/** The longest file of an invoice, in characters. */
export const INVOICE_TEXT_MAX = 5_000_000;

/** Invoices of providers, matched with the attempts. */
export const INVOICE_REQUESTS = {
  'invoices.list': {
    params: z.object({}),
    /** The first of their findings, and how many there are; a run has all. */
    result: z.object({
      rows: z.array(invoiceViewSchema),
      malformed: z.array(malformedRecordSchema),
      findings: z.array(findingSchema),
      findingsTotal: z.int().nonnegative(),
    }),
    permission: 'money',
    writes: false,
  },
  /** The same file again changes nothing. `malformed_document` with line and reason where it is no invoice. */
  'invoices.import': {
    params: z.object({
      name: z.string().trim().min(1).max(300),
      provider: z.string().trim().min(1).max(200),
      text: z.string().min(1).max(INVOICE_TEXT_MAX),
    }),
    /** `isNew` is false where the same file was imported already: then nothing has changed. */
    result: z.object({ invoiceId: z.string(), lines: z.int().positive(), isNew: z.boolean() }),
    permission: 'money',
    writes: WRITES.importInvoice,
  },
  'invoices.remove': {
    params: z.object({ invoiceId: z.string().min(1).max(100) }),
    result: z.object({}),
    permission: 'money',
    writes: WRITES.removeInvoice,
  },
} as const satisfies RequestTable;
