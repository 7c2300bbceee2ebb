import { jobMappingSchema, NO_MAPPING, type FieldPair, type JobMapping } from '#domain/mapping/job-mapping.ts';

/** A pair of paths whose values are written alike. */
function same(ours: string, theirs: string): FieldPair {
  return { ours, theirs, form: { type: 'same' } };
}

/** A shop's own names for everything that a mapping can name: objects taken apart, other states, dates and amounts in other forms. */
export const SHOP_MAPPING: JobMapping = jobMappingSchema.parse({
  collections: { jobs: 'render_tasks', accounts: 'wallets', ledger: 'wallet_moves' },
  fields: {
    jobs: [
      same('kind', 'task_type'),
      same('state', 'status'),
      same('workspaceId', 'owner.team_id'),
      same('userId', 'owner.user_id'),
      same('version', 'rev'),
      same('input.prompt', 'prompt'),
      same('provider.name', 'vendor'),
      same('lease.runnerId', 'locked_by'),
      { ours: 'lease.expiresAt', theirs: 'locked_until', form: { type: 'date_iso' } },
      { ours: 'notBefore', theirs: 'run_at', form: { type: 'date_epoch_ms' } },
      { ours: 'createdAt', theirs: 'created_at', form: { type: 'date_iso' } },
      { ours: 'updatedAt', theirs: 'updated_at', form: { type: 'date_iso' } },
      { ours: 'billing.price', theirs: 'cost', form: { type: 'credits_whole', decimals: 2 } },
      same('billing.pending', 'money.owed'),
      same('failure.class', 'error.class'),
      same('failure.message', 'error.text'),
    ],
    accounts: [
      { ours: 'available', theirs: 'balance', form: { type: 'credits_whole', decimals: 2 } },
      { ours: 'held', theirs: 'reserved', form: { type: 'credits_whole', decimals: 2 } },
      same('version', 'rev'),
    ],
    ledger: [
      { ours: 'credits', theirs: 'amount', form: { type: 'credits_whole', decimals: 2 } },
      { ours: 'at', theirs: 'booked_at', form: { type: 'date_iso' } },
      same('workspaceId', 'wallet'),
      same('actor.id', 'by'),
    ],
  },
  states: {
    ...NO_MAPPING.states,
    queued: ['pending', 'scheduled'],
    running: ['active'],
    completed: ['done'],
    failed: ['error', 'aborted'],
  },
});
