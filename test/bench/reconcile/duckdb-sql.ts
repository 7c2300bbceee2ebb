/** The tables that both engines' rows stand in. Credits and times are integers; codes are those of the view's columns. */
export const TABLES = {
  entries: `key VARCHAR, generation VARCHAR, workspace VARCHAR, job VARCHAR, type UTINYINT, n UINTEGER,
    credits BIGINT, at_ms BIGINT, period USMALLINT, content DOUBLE`,
  generations: 'id VARCHAR, job VARCHAR, outcome UTINYINT, price BIGINT, started_ms BIGINT, cost BIGINT',
  jobs: 'id VARCHAR, workspace VARCHAR, kind VARCHAR, lease_ms BIGINT, generation VARCHAR',
  accounts: 'workspace VARCHAR, available BIGINT, held BIGINT',
  holds: 'generation VARCHAR, workspace VARCHAR, credits BIGINT, at_ms BIGINT',
  pending:
    'generation VARCHAR, job VARCHAR, type UTINYINT, key VARCHAR, credits BIGINT, at_ms BIGINT, is_standing BOOLEAN',
  seen: 'key VARCHAR, content DOUBLE, net BIGINT, is_sealed BOOLEAN',
  prices: 'kind VARCHAR, from_ms BIGINT, price BIGINT',
  closed: 'period USMALLINT, start_ms BIGINT, end_ms BIGINT',
} as const;
export type TableName = keyof typeof TABLES;

/** What several rules need, made once: sums by generation, generations with them, entries beside what was seen of them. */
export const PREPARATION = (options: { readonly asOfMs: number }): readonly string[] => [
  `CREATE TEMP TABLE sums AS
   SELECT generation AS id,
     coalesce(sum(credits) FILTER (type = 1), 0)::BIGINT AS reserved,
     coalesce(sum(credits) FILTER (type = 2), 0)::BIGINT AS captured,
     coalesce(sum(credits) FILTER (type = 3), 0)::BIGINT AS released,
     coalesce(sum(credits) FILTER (type = 4), 0)::BIGINT AS refunded,
     count(*) FILTER (type = 2) AS captures,
     count(*) FILTER (type = 4) AS refunds,
     coalesce(arg_min(credits, at_ms) FILTER (type = 2), 0) AS first_capture,
     coalesce(-sum(credits) FILTER (type = 5 AND credits < 0 AND n // 1000 NOT IN (10, 19)), 0)::BIGINT AS taken,
     coalesce(sum(credits) FILTER (type = 5 AND n // 1000 = 10), 0)::BIGINT AS explained10,
     count(*) FILTER (type = 5 AND n // 1000 = 10) AS explanations10,
     coalesce(sum(credits) FILTER (type = 5 AND n // 1000 = 19), 0)::BIGINT AS explained19,
     count(*) FILTER (type = 5 AND n // 1000 = 19) AS explanations19,
     count(*) FILTER (NOT (n >= 1000 AND type IN (3, 5))) AS offending
   FROM (SELECT generation, type, n, credits, at_ms FROM entries WHERE generation IS NOT NULL
         UNION ALL SELECT generation, type, 1, credits, at_ms FROM pending WHERE NOT is_standing)
   GROUP BY generation`,
  `CREATE TEMP TABLE g AS
   SELECT generations.*, coalesce(reserved, 0) AS reserved, coalesce(captured, 0) AS captured,
     coalesce(released, 0) AS released, coalesce(refunded, 0) AS refunded, coalesce(captures, 0) AS captures,
     coalesce(refunds, 0) AS refunds, coalesce(first_capture, 0) AS first_capture,
     greatest(0, coalesce(refunded, 0) - coalesce(taken, 0)) AS counted_refunds,
     greatest(0, coalesce(captured, 0) - greatest(0, coalesce(refunded, 0) - coalesce(taken, 0))) AS net,
     coalesce(explained10, 0) AS explained10, coalesce(explanations10, 0) AS explanations10,
     coalesce(explained19, 0) AS explained19, coalesce(explanations19, 0) AS explanations19,
     coalesce(offending, 0) AS offending, moving.generation IS NOT NULL AS is_moving, coalesce(held.credits, 0) AS held
   FROM generations LEFT JOIN sums USING (id)
   LEFT JOIN (SELECT DISTINCT generation FROM pending WHERE NOT is_standing) AS moving ON moving.generation = id
   LEFT JOIN (SELECT generation, sum(credits)::BIGINT AS credits FROM holds GROUP BY generation) AS held ON held.generation = id`,
  `CREATE TEMP TABLE ledger AS
   SELECT workspace, sum(CASE type WHEN 2 THEN -credits WHEN 1 THEN 0 WHEN 3 THEN 0 ELSE credits END)::BIGINT AS total
   FROM entries GROUP BY workspace`,
  `CREATE TEMP TABLE known AS
   SELECT entries.key, entries.at_ms, entries.period, entries.type, entries.credits, entries.content,
     seen.content AS seen_content, coalesce(seen.is_sealed, false) AS is_sealed
   FROM entries LEFT JOIN seen USING (key)`,
  `CREATE TEMP TABLE listed AS
   SELECT jobs.id AS job, jobs.generation, arg_max(prices.price, prices.from_ms) AS price
   FROM jobs JOIN g ON g.id = jobs.generation JOIN prices ON prices.kind = jobs.kind AND prices.from_ms <= g.started_ms
   GROUP BY ALL`,
  `CREATE TEMP MACRO as_of_ms() AS ${options.asOfMs}::BIGINT`,
];

const NET = 'CASE type WHEN 2 THEN -credits WHEN 1 THEN 0 WHEN 3 THEN 0 ELSE credits END';

/** Every rule as a query of finding id and credits; together they are the whole of reconciliation. */
export const RULE_QUERIES: readonly string[] = [
  `SELECT 'captured_without_completion:open:' || id, net FROM g WHERE outcome = 1 AND net > 0`,
  `SELECT 'completed_without_capture:owed:' || id, -price FROM g WHERE outcome = 2 AND price > 0 AND captured = 0`,
  `SELECT 'captured_twice:again:' || id, captured - first_capture - counted_refunds FROM g
   WHERE captures > 1 AND outcome IN (2, 4, 5) AND captured - first_capture - counted_refunds > 0`,
  `SELECT 'captured_above_price:above:' || id, first_capture - allowed - greatest(0, counted_refunds - (captured - first_capture))
   FROM (SELECT *, CASE WHEN price < 0 THEN reserved ELSE price END AS allowed FROM g)
   WHERE captures > 0 AND outcome IN (2, 4) AND first_capture > allowed
     AND first_capture - allowed - greatest(0, counted_refunds - (captured - first_capture)) > 0`,
  `SELECT 'refunded_without_capture:nothing_captured:' || id, -counted_refunds FROM g
   WHERE refunds > 0 AND captures = 0 AND outcome <> 0 AND counted_refunds > 0`,
  `SELECT 'refunded_twice:' || CASE WHEN refunds > 1 THEN 'again:' ELSE 'too_much:' END || id, captured - counted_refunds FROM g
   WHERE refunds > 0 AND captures > 0 AND outcome <> 0 AND counted_refunds > captured`,
  `SELECT 'refund_owed:not_made:' || id, net FROM g WHERE outcome = 3 AND net > 0`,
  `SELECT 'hold_outlives_lease:ended:' || g.id,
     holds.credits - CASE WHEN outcome = 2 AND captured = 0 THEN greatest(0, price) ELSE 0 END
   FROM holds JOIN g ON g.id = holds.generation WHERE NOT is_moving AND outcome IN (2, 3, 4)
     AND holds.credits - CASE WHEN outcome = 2 AND captured = 0 THEN greatest(0, price) ELSE 0 END > 0`,
  `SELECT 'hold_outlives_lease:abandoned:' || g.id, holds.credits
   FROM holds JOIN g ON g.id = holds.generation JOIN jobs ON jobs.id = g.job
   WHERE NOT is_moving AND outcome = 1 AND lease_ms > 0 AND lease_ms + 600000 < as_of_ms() AND holds.at_ms <= lease_ms`,
  `SELECT 'hold_without_job:no_job:' || g.id, holds.credits FROM holds JOIN g ON g.id = holds.generation WHERE outcome = 0`,
  `SELECT 'entry_without_job:unknown_generation:' || id, captured - counted_refunds - explained10 FROM g
   WHERE outcome = 0 AND offending > 0 AND NOT (captured - counted_refunds - explained10 = 0 AND explanations10 > 0)`,
  `SELECT 'entry_without_job:no_generation:' || key, -(${NET}) FROM entries WHERE generation IS NULL AND type NOT IN (0, 5)`,
  `SELECT 'entry_without_job:unknown_job:' || key, -(${NET})
   FROM entries LEFT JOIN g ON g.id = entries.generation LEFT JOIN jobs ON jobs.id = entries.job
   WHERE entries.job IS NOT NULL AND jobs.id IS NULL AND entries.job IS DISTINCT FROM g.job
     AND NOT (entries.generation IS NULL AND type NOT IN (0, 5)) AND (entries.generation IS NULL OR g.job IS NOT NULL)`,
  `SELECT 'entry_without_job:other_job:' || key, -(${NET})
   FROM entries JOIN g ON g.id = entries.generation JOIN jobs ON jobs.id = entries.job WHERE entries.job <> g.job`,
  `SELECT 'job_without_account:' || CASE WHEN coalesce(any_value(ledger.total), 0) = 0 THEN 'never_opened:' ELSE 'lost:' END || jobs.workspace,
     coalesce(any_value(ledger.total), 0)
   FROM jobs JOIN g ON g.id = jobs.generation ANTI JOIN accounts ON accounts.workspace = jobs.workspace
   LEFT JOIN ledger ON ledger.workspace = jobs.workspace WHERE price > 0 GROUP BY jobs.workspace`,
  `SELECT 'key_of_other_generation:' || CASE
       WHEN regexp_matches(key, '^(?s:.+):(grant|reserve|capture|release|refund|adjust):[1-9][0-9]*$') THEN
         CASE WHEN starts_with(key, generation || ':') AND NOT regexp_matches(substr(key, length(generation) + 2), ':.*:')
           THEN 'other_type:' ELSE 'other_generation:' END
       ELSE 'malformed:' END || key, 0
   FROM entries WHERE generation IS NOT NULL AND n = 0`,
  `SELECT 'pending_overdue:job:' || job, sum(CASE WHEN type IN (3, 4) THEN credits ELSE -credits END)::BIGINT
   FROM pending WHERE at_ms + 900000 < as_of_ms() GROUP BY job`,
  `SELECT 'account_differs:total:' || accounts.workspace, coalesce(total, 0) - available - held
   FROM accounts LEFT JOIN ledger USING (workspace) WHERE coalesce(total, 0) <> available + held`,
  `SELECT 'account_differs:held:' || accounts.workspace, 0
   FROM accounts LEFT JOIN (SELECT workspace, sum(credits)::BIGINT AS credits FROM holds GROUP BY workspace) AS h USING (workspace)
   WHERE held <> coalesce(h.credits, 0)`,
  `SELECT 'account_differs:no_account:' || ledger.workspace, total FROM ledger
   ANTI JOIN accounts USING (workspace) ANTI JOIN jobs USING (workspace) WHERE total <> 0`,
  `SELECT 'account_differs:hold:' || g.id, 0 FROM g JOIN jobs ON jobs.id = g.job JOIN accounts ON accounts.workspace = jobs.workspace
   WHERE outcome = 1 AND NOT is_moving AND captured = 0 AND refunded = 0 AND reserved - released <> g.held`,
  `SELECT 'negative_availability:below_zero:' || workspace, available FROM accounts WHERE available < 0`,
  `SELECT 'entry_in_closed_period:late:' || key, ${NET} FROM known
   WHERE NOT is_sealed AND EXISTS (SELECT 1 FROM closed WHERE known.period = closed.period OR (at_ms >= start_ms AND at_ms < end_ms))`,
  `SELECT 'entry_changed:changed:' || key, 0 FROM known WHERE seen_content IS NOT NULL AND seen_content <> content`,
  `SELECT 'entry_changed:gone:' || key, net FROM seen ANTI JOIN entries USING (key)`,
  `SELECT 'cost_without_charge:never_reserved:' || g.id, 0
   FROM g JOIN jobs ON jobs.id = g.job LEFT JOIN g AS current ON current.id = jobs.generation
   WHERE g.cost > 0 AND g.reserved = 0 AND g.captured = 0 AND g.outcome IN (1, 3, 4)
     AND CASE WHEN g.price < 0 THEN current.price ELSE g.price END > 0`,
  `SELECT 'price_differs:' || CASE WHEN p.price > p.listed THEN 'above:' ELSE 'below:' END || p.job, owed
   FROM (SELECT *, CASE WHEN explained19 < unrefunded THEN unrefunded - explained19 ELSE least(0, paid - explained19) END AS owed
     FROM (SELECT listed.job, g.price, listed.price AS listed, explained19, explanations19, CASE
         WHEN outcome <> 2 OR (captured > 0 AND net = 0) THEN 0
         WHEN captured = 0 THEN greatest(0, g.price - listed.price)
         ELSE greatest(0, least(g.price, first_capture) - listed.price) END AS paid, CASE
         WHEN captured = 0 THEN paid
         ELSE greatest(0, paid - greatest(0, counted_refunds - captured + least(g.price, first_capture))) END AS unrefunded
       FROM listed JOIN g ON g.id = listed.generation)) AS p
   WHERE p.price <> p.listed AND NOT (owed = 0 AND explanations19 > 0)`,
];
