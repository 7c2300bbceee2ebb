import { openCache } from '#cache/open-cache.ts';
import { explainError } from '#domain/errors.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn } from '../../support/cache-world.ts';

/** Writes to a copy until the disk has no room any more; then says what became of it, and whether it can be read. */
const [file = ''] = process.argv.slice(2);
const cache = expectOk(openCache({ path: file, now: Date.now }));
for (let n = 0; n < 10_000; n += 1) {
  const jobs = Array.from({ length: 20 }, (_, k) => jobIn({ id: `job-${n}-${k}`, prompt: `${n} `.repeat(500) }));
  const written = cache.writer.apply(jobs.map(jobChange), `p${n}`);
  if (written.ok) continue;
  const standing = expectOk(cache.reader.standing());
  const { total } = expectOk(cache.reader.counts());
  const { code } = written.error;
  process.stdout.write(
    JSON.stringify({ n, code, says: explainError(written.error), position: standing.position, total }),
  );
  break;
}
