import type { FinanceRequest } from '#console/reconciliation/finance-answers.ts';
import type { Handler, HandlersOf } from './handler.ts';
import type { ReconciliationDesk } from './reconciliation-handlers.ts';

/** Mends, findings, months and what is said of them: answered by the desks on the thread of reconciliation. */
export function financeHandlers(
  desk: Pick<ReconciliationDesk, 'request'>,
): HandlersOf<'mends' | 'findings' | 'periods' | 'statements' | 'margin' | 'invoices'> {
  const answer =
    <Name extends FinanceRequest>(name: Name): Handler<Name> =>
    (params, { actor }) =>
      desk.request(name, params, actor);
  return {
    'mends.preview': answer('mends.preview'),
    'mends.propose': answer('mends.propose'),
    'mends.list': answer('mends.list'),
    'mends.ofFinding': answer('mends.ofFinding'),
    'mends.named': answer('mends.named'),
    'mends.decide': answer('mends.decide'),
    'mends.post': answer('mends.post'),
    'findings.review': answer('findings.review'),
    'findings.reviews': answer('findings.reviews'),
    'findings.act': answer('findings.act'),
    'periods.list': answer('periods.list'),
    'periods.close': answer('periods.close'),
    'statements.get': answer('statements.get'),
    'statements.export': answer('statements.export'),
    'margin.get': answer('margin.get'),
    'margin.export': answer('margin.export'),
    'invoices.list': answer('invoices.list'),
    'invoices.import': answer('invoices.import'),
    'invoices.remove': answer('invoices.remove'),
  };
}
