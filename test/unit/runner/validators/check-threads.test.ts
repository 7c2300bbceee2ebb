import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckThreads } from '#runner/validators/check-threads.ts';
import { validatorsWith } from '#runner/validators/validate.ts';
import { validateVideo } from '#runner/validators/video.ts';
import { validateWebsite } from '#runner/validators/website.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';
import { drawnOutFilm } from '../../../support/drawn-out-film.ts';
import { film } from '../../../support/film.ts';

const ENTRY = new URL('../../../../electron/runner/validators/check-thread.ts', import.meta.url);
const impatient = new CheckThreads({ entry: ENTRY, pageMsMax: 300 });
const patient = new CheckThreads({ entry: ENTRY });
afterAll(async () => {
  await impatient.stop();
  await patient.stop();
});

/** A page of 27 kB for which a parser has to make nine million elements: bold letters that are never closed begin again in each paragraph. */
function drawnOutPage(): string {
  const open = Array.from({ length: 3000 }, (_, n) => `<b a${n}>`).join('');
  return `<!doctype html><html><head><title>Tea</title></head><body><main><p>${open}${'<p>x'.repeat(3000)}</main></body></html>`;
}

function ordinaryPage(): string {
  const text = '<p>Open at five, and closed when the tea is out.</p>'.repeat(100);
  return `<!doctype html><html lang="en"><head><title>Tea</title></head><body><main>${text}</main></body></html>`;
}

describe('a web page', () => {
  it('that takes too long to look at fails its checks, and holds nothing else up meanwhile', async () => {
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 10);
    const validation = await impatient.website(artefactFile(drawnOutPage()), {});
    clearInterval(turning);
    expect(failedChecks(validation)).toEqual(['within_limits']);
    expect(validation.checks[0]?.message).toMatch(
      /^The page could not be checked: checking it took more than \d+ ms of processor time\.$/,
    );
    expect(turns).toBeGreaterThan(1);
  });

  it.each([
    ['that is small', '<!doctype html><html><head><title>Tea</title></head><body><main>Tea</main></body></html>'],
    ['of some length', ordinaryPage()],
    ['with a link to nowhere', ordinaryPage().replace('<p>', '<p><a href="#none">x</a>')],
  ])('%s is judged on a thread as it would be here', async (_what, page) => {
    const file = artefactFile(page);
    expect(await patient.website(file, {})).toEqual(await validateWebsite(file, {}));
  });

  it('that cannot be read is no page that failed', async () => {
    const file = artefactFile(ordinaryPage());
    rmSync(file);
    await expect(patient.website(file, {})).rejects.toThrow('ENOENT');
  });
});

describe('a film', () => {
  const hurried = new CheckThreads({ entry: ENTRY, filmMsMax: 500 });
  const narrow = new CheckThreads({ entry: ENTRY, filmMsMax: 600_000, threadMbMax: 200 });
  afterAll(async () => {
    await hurried.stop();
    await narrow.stop();
  });

  it.each([
    ['long', hurried, /^The film could not be checked: checking it took more than \d+ ms of processor time\.$/],
    ['much memory', narrow, 'The film could not be checked: checking it took more than 200 MB of memory.'],
  ])(
    'that claims more frames than anybody can count fails its checks where it takes too %s, and holds nothing else up',
    async (_what, checks, message) => {
      let turns = 0;
      const turning = setInterval(() => (turns += 1), 10);
      const validation = await validatorsWith(checks).video(artefactFile(await drawnOutFilm()), {});
      clearInterval(turning);
      expect(failedChecks(validation)).toEqual(['within_limits']);
      expect(validation.checks[0]?.message).toMatch(message);
      expect(turns).toBeGreaterThan(1);
    },
  );

  it.each([
    ['that is whole', {}],
    ['that is too short', { durationSeconds: 20 }],
  ])('%s is judged on a thread as it would be here', async (_what, options) => {
    const file = artefactFile(await film());
    expect(await validatorsWith(patient).video(file, options)).toEqual(await validateVideo(file, options));
  });
});
