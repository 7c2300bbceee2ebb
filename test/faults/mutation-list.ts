/** One guard of the program taken away; the simulation must find that it is gone. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Every guard that the simulation is asked about, and the text of the source that it is. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a change is written whatever version the job has',
    file: 'electron/store/change-update.ts',
    find: '    version: change.guard.version,\n    state: change.guard.state,\n',
    replace: '',
  },
  {
    name: 'a change is written whoever holds the lease',
    file: 'electron/store/change-update.ts',
    find: '    version: change.guard.version,\n    state: change.guard.state,\n    leaseToken: change.guard.leaseToken === 0 ? { $in: [0, null] } : change.guard.leaseToken,\n',
    replace: '    state: change.guard.state,\n',
  },
  {
    name: 'a lease is prolonged whatever its token',
    file: 'electron/store/change-update.ts',
    find: 'leaseToken: lease.token, state:',
    replace: 'state:',
  },
  {
    name: 'a job is rescued although its lease is alive',
    file: 'electron/store/mongo-runner-store.ts',
    find: "{ $lt: ['$lease.expiresAt', '$$NOW'] }",
    replace: '{ $eq: [1, 1] }',
  },
  {
    name: 'an account is written although somebody else wrote it',
    file: 'electron/store/account-books.ts',
    find: '{ _id: before._id, version: before.version }',
    replace: '{ _id: before._id }',
  },
  {
    name: 'entries that stand in the ledger are not looked for',
    file: 'electron/store/account-books.ts',
    find: 'else byKey.set(entry.data._id, entry.data);',
    replace: '',
  },
  {
    name: 'the account does not remember what is being posted',
    file: 'electron/domain/account-posting.ts',
    find: '  draft.posting[entry._id] = entry;\n',
    replace: '',
  },
  {
    name: 'the figures follow entries that nobody has posted',
    file: 'electron/store/take-off-pipeline.ts',
    find: '$and: [isStanding, ',
    replace: '$and: [',
  },
  {
    name: 'a settled entry stays owed',
    file: 'electron/store/take-off-pipeline.ts',
    find: "        'billing.pending': left,\n",
    replace: '',
  },
  {
    name: 'a reservation that nobody can pay is made',
    file: 'electron/domain/account-posting.ts',
    find: "if (draft.available < entry.credits && !isGivenBack) return 'insufficient_credit';",
    replace: '',
  },
  {
    name: 'a job is claimed before it is paid for',
    file: 'electron/store/job-claims.ts',
    find: "{ $or: [{ 'billing.reserved': { $gt: 0 } }, { 'billing.price': 0 }], 'billing.pending': { $size: 0 } },",
    replace: '{},',
  },
  {
    name: 'a claim does not take the reservation off the job',
    file: 'electron/store/job-claims.ts',
    find: "    'billing.pending': [],\n",
    replace: '',
  },
  {
    name: 'a reservation counts as standing before it was posted',
    file: 'electron/store/reservations.ts',
    find: " && outcome.type !== 'refused'",
    replace: '',
  },
  {
    name: 'entries are put into the ledger although the account was not written',
    file: 'electron/store/ledger-poster.ts',
    find: 'change === null || areAll',
    replace: 'change === null || written.ok',
  },
  {
    name: 'an account forgets what it is posting before the ledger has it',
    file: 'electron/store/ledger-poster.ts',
    find: '    const inserted = await this.#books.insert(outcomes);\n',
    replace:
      '    for (const one of missingOf(outcomes)) this.#standing.set(one.workspaceId, new Set([one._id]));\n    const inserted = await this.#books.insert(outcomes);\n',
  },
  {
    name: 'a claim does not raise the token',
    file: 'electron/store/job-claims.ts',
    find: "const nextToken = { $add: [{ $ifNull: ['$leaseToken', 0] }, 1] };",
    replace: "const nextToken = { $max: [{ $ifNull: ['$leaseToken', 0] }, 1] };",
  },
  {
    name: 'a running job is claimed again',
    file: 'electron/store/job-claims.ts',
    find: "state: { $in: ['queued', 'retrying'] }",
    replace: "state: { $in: ['queued', 'retrying', 'running'] }",
  },
  {
    name: 'a completed generation is captured twice',
    file: 'electron/domain/charge.ts',
    find: "    ...(captured > 0 ? [owed(billing, 'capture', captured, reason)] : []),\n",
    replace:
      "    ...(captured > 0 ? [owed(billing, 'capture', captured, 'one')] : []),\n    ...(captured > 0 ? [{ ...owed(billing, 'capture', captured, 'two'), key: `${billing.generationId}:capture:2` }] : []),\n",
  },
  {
    name: 'a failed generation keeps its hold',
    file: 'electron/domain/charge.ts',
    find: 'if (held === 0) return [];',
    replace: 'if (held >= 0) return [];',
  },
  {
    name: 'a sweep does not finish what an account was posting',
    file: 'electron/store/pending-sweep.ts',
    find: 'if (!account.success || options.isDryRun) continue;',
    replace: 'if (account.success || options.isDryRun) continue;',
  },
  {
    name: 'the sweep leaves what is owed',
    file: 'electron/store/pending-sweep.ts',
    find: 'const settled = await settleJobs(collections, poster, owing.value);',
    replace: 'const settled = await settleJobs(collections, poster, []);',
  },
  {
    name: 'a refused insert counts as one of duplicates',
    file: 'electron/store/driver-errors.ts',
    find: 'errors.length > 0 && cause',
    replace: 'cause',
  },
];
