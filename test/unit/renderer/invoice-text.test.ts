import { expect, it } from 'vitest';
import { explainError } from '#domain/errors.ts';
import { INVOICE_TEXT_MAX } from '#contract/requests/invoices.ts';
import { toWireError } from '../../../renderer/state/engine-failure.ts';
import { invoiceTextOf } from '../../../renderer/state/invoice-text.ts';

const holding = (text: string) => ({ text: async () => text });

it('reads what a chosen file holds', async () => {
  await expect(invoiceTextOf(holding('acceptance_id,cost_usd'))).resolves.toBe('acceptance_id,cost_usd');
});

it.each([
  ['was written anew since', { text: () => Promise.reject(new Error('NotReadableError')) }, 'choose it again'],
  ['is empty', holding(''), 'the file is empty'],
  ['is no invoice, but as long as a film', holding('x'.repeat(INVOICE_TEXT_MAX + 1)), 'more than 5,000,000 characters'],
])('says what is wrong with a file that %s, and not that Runledger is to be updated', async (_what, file, says) => {
  const failure: unknown = await invoiceTextOf(file).catch((cause: unknown) => cause);
  expect(explainError(toWireError(failure))).toContain(says);
});
