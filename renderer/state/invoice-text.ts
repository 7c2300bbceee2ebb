import { INVOICE_TEXT_MAX } from '#contract/requests/invoices.ts';
import { EngineFailure } from './engine-failure.ts';

/**
 * The text of a file that was chosen as an invoice. Rejects as a failed request does, with what the person can do about it: it may have been
 * written anew since it was chosen, or be something else.
 */
export async function invoiceTextOf(file: Pick<File, 'text'>): Promise<string> {
  const text = await file.text().catch(() => {
    throw unusable('the file was changed or removed since it was chosen; choose it again');
  });
  if (text === '') throw unusable('the file is empty');
  if (text.length > INVOICE_TEXT_MAX) {
    throw unusable(`the file has more than ${INVOICE_TEXT_MAX.toLocaleString('en')} characters`);
  }
  return text;
}

function unusable(detail: string): EngineFailure {
  return new EngineFailure({ code: 'malformed_document', detail });
}
