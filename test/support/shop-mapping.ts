import { jobMappingSchema, NO_MAPPING, type FieldPair, type JobMapping } from '#domain/mapping/job-mapping.ts';

/** A pair of paths whose values are written alike. */
function same(ours: string, theirs: string): FieldPair {
  return { ours, theirs, form: { type: 'same' } };
}

/**
 * A shop's own names for everything that a mapping can name: objects and elements of lists taken apart, other states, dates and amounts in
 * other forms.
 */
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
      same('billing.pending[].key', 'money.owed[].entry'),
      {
        ours: 'billing.pending[].credits',
        theirs: 'money.owed[].amount',
        form: { type: 'credits_whole', decimals: 2 },
      },
      { ours: 'billing.pending[].at', theirs: 'money.owed[].since', form: { type: 'date_epoch_ms' } },
      same('failure.class', 'error.class'),
      same('failure.message', 'error.text'),
      same('validation.checks[].name', 'validation.checks[].label'),
      same('history', 'log'),
      { ours: 'history[].from', theirs: 'log[].old_status', form: { type: 'state' } },
      { ours: 'history[].to', theirs: 'log[].new_status', form: { type: 'state' } },
      { ours: 'history[].at', theirs: 'log[].logged_at', form: { type: 'date_iso' } },
      same('history[].actor.id', 'log[].by'),
      same('attempts', 'tries'),
      same('attempts[].n', 'tries[].no'),
      { ours: 'attempts[].startedAt', theirs: 'tries[].begun_at', form: { type: 'date_iso' } },
      { ours: 'attempts[].endedAt', theirs: 'tries[].ended_at', form: { type: 'date_epoch_ms' } },
      same('attempts[].failure.message', 'tries[].error.text'),
      same('attempts[].validation.checks', 'tries[].tests'),
      same('attempts[].validation.checks[].passed', 'tries[].tests[].ok'),
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
