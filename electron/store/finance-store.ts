import type { Collection, Db } from 'mongodb';
import { PERIODS_COLLECTION } from './closed-months.ts';
import { DURABLE, type Collections, type RawDocument } from './collections.ts';
import { InvoiceStore } from './invoice-store.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import { MendLedger } from './mend-ledger.ts';
import { MendStore } from './mend-store.ts';
import { PeriodStore } from './period-store.ts';
import { ReviewStore } from './review-store.ts';

/** What finance keeps on the server beside jobs, accounts and ledger. */
export class FinanceStore {
  /** Proposals of mends, in `adjustments`. */
  readonly mends: MendStore;
  /** What people made of findings, in `reconciliations`. */
  readonly reviews: ReviewStore;
  /** Closed months, in `periods`, and what each counted, in `period_entries`. */
  readonly periods: PeriodStore;
  /** Invoices of providers, in `provider_invoices`. */
  readonly invoices: InvoiceStore;
  /** The entries of mends. */
  readonly ledger: MendLedger;

  constructor(db: Db, collections: Collections, poster: LedgerPoster) {
    this.mends = new MendStore(openFinanceCollection(db, 'adjustments'));
    this.reviews = new ReviewStore(openFinanceCollection(db, 'reconciliations'));
    this.periods = new PeriodStore(
      openFinanceCollection(db, PERIODS_COLLECTION),
      openFinanceCollection(db, 'period_entries'),
    );
    this.invoices = new InvoiceStore(openFinanceCollection(db, 'provider_invoices'));
    this.ledger = new MendLedger(collections, poster);
  }
}

function openFinanceCollection(db: Db, name: string): Collection<RawDocument> {
  return db.collection<RawDocument>(name, DURABLE);
}
