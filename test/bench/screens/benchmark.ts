import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { build } from 'vite';
import { NO_REDACTION, type RedactionRules } from '#domain/redaction/redaction-rule.ts';
import { dataFilesOf } from '#engine/data-files.ts';
import { labelOf } from '#store/server-address.ts';
import { startApplication } from '../../e2e/application.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { BenchChild } from '../child.ts';
import { benchCase, medianCase, quantile, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { bareStartTimes, chromiumVersion, launchChromium, VIEW } from './bare-chromium.ts';
import { answerTimes } from './filter-answers.ts';
import { inputDelays } from './live-load.ts';
import { pageMemory } from './page-memory.ts';
import type { Peers } from './peer-page.ts';
import { AWAY, DB, rememberRules } from './offline.ts';
import { startTimes } from './start-times.ts';
import { inTime, scrolled, type Scrolling } from './scrolling.ts';

const FILL_PROCESS = new URL('../cache/fill-process.ts', import.meta.url);
const LAUNCH = { env: { MONGODB_URI: AWAY }, args: ['--db', DB] } as const;
const GRID = '.jobs-scroll';
const POINTS = 2000;
/** 300 MB of a million bytes. */
const PAGE_MIB_MAX = 300_000_000 / (1024 * 1024);

interface Sizes {
  readonly rows: number;
  readonly rounds: number;
  readonly scrollMs: number;
  readonly liveJobs: number;
  readonly liveSeconds: number;
}

/**
 * `npm run bench -- screens [--rows N] [--rounds N] [--data-dir FOLDER] [--quick] [--json]`: the application's window in a real Chromium on an offline copy
 * of N jobs (one million): start, scrolling beside bare @tanstack/react-virtual and ag-grid with rows that are there at once, filters,
 * the way to the last row, memory, the delay of a key while 500 jobs a second change on a live server of its own, and the chart
 * library beside Chart.js. The limit of scrolling is a page with nothing in it. `--data-dir` keeps the copy for the next time.
 */
export async function runScreensBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string' },
      rounds: { type: 'string' },
      'data-dir': { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const sizes: Sizes = {
    rows: Number(values.rows ?? (values.quick ? 3000 : 1_000_000)),
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    scrollMs: values.quick ? 1000 : 5000,
    liveJobs: values.quick ? 500 : 20_000,
    liveSeconds: values.quick ? 2 : 10,
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  try {
    const dataDir = path.join(values['data-dir'] ?? folder, `screens-${sizes.rows}`);
    const cases = [...(await copyCases(folder, dataDir, sizes)), ...(await inputDelays(folder, sizes))];
    const setUp = { chromium: await chromiumVersion(), graphics: 'on the processor', view: VIEW, ...sizes };
    printReport({ benchmark: 'screens', setUp, cases }, values.json);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function copyCases(folder: string, dataDir: string, sizes: Sizes): Promise<readonly BenchCase[]> {
  const { copyFile } = dataFilesOf(dataDir, expectOk(labelOf(AWAY, DB)));
  mkdirSync(path.dirname(copyFile), { recursive: true });
  if (!existsSync(copyFile)) {
    const half = `${copyFile}.half`;
    rmSync(half, { force: true });
    await new BenchChild(FILL_PROCESS, [half, String(sizes.rows), '1']).end();
    renameSync(half, copyFile);
  }
  await rememberRules(dataDir, NO_REDACTION);
  // The first start builds what is stale, and is measured by nobody.
  await (await startApplication(LAUNCH, dataDir)).stop();
  return [...(await shownCases(folder, dataDir, sizes)), await hiddenAnswers(dataDir)];
}

async function shownCases(folder: string, dataDir: string, sizes: Sizes): Promise<readonly BenchCase[]> {
  const empty = await bareStartTimes();
  const starts = await startTimes(dataDir, { ...LAUNCH, rounds: sizes.rounds * 2 - 1 });
  const application = await startApplication(LAUNCH, dataDir);
  try {
    const { page } = application;
    await openJobs(page);
    const pageStarts: number[] = [];
    for (let round = 0; round < Math.max(3, sizes.rounds); round += 1) {
      await page.reload();
      await firstRow(page);
      pageStarts.push(await page.evaluate(() => performance.now()));
    }
    const scrolling = await scrollingCases(page, folder, sizes);
    const answers = await answerTimes(page, 'link');
    const entered = await answerTimes(page, 'entered');
    const lastMs: number[] = [];
    for (let round = 0; round < Math.max(3, sizes.rounds); round += 1) lastMs.push(await lastRowMs(page));
    return [
      medianCase({
        name: 'from the start of the process to a table with rows',
        unit: 'ms',
        ours: starts.map(({ rowsMs }) => rowsMs),
        limit: empty,
        limitName: 'Chromium alone, from its start to an empty page, p50',
        aim: 'under 1500 ms',
        isReached:
          quantile(
            starts.map(({ rowsMs }) => rowsMs),
            0.5,
          ) < 1500,
      }),
      medianCase({
        name: 'of which until the page began to load',
        unit: 'ms',
        ours: starts.map(({ loadingMs }) => loadingMs),
      }),
      medianCase({ name: 'from an opened page to a table with rows', unit: 'ms', ours: pageStarts }),
      ...scrolling,
      answerCase('answer of a filter on the screen', answers),
      answerCase('answer of a filter that is entered into the field', entered),
      medianCase({ name: `End to the last of ${sizes.rows} rows`, unit: 'ms', ours: lastMs }),
    ];
  } finally {
    await application.stop();
  }
}

async function openJobs(page: Page): Promise<void> {
  await page.setViewportSize(VIEW);
  await page.evaluate(() => {
    location.hash = '#/jobs';
  });
  await firstRow(page);
}

/** Filters of somebody from whom prompts are hidden by a path and digits by a pattern: every row is redacted by its whole texts. */
async function hiddenAnswers(dataDir: string): Promise<BenchCase> {
  const roles: RedactionRules['rules'][number]['roles'] = ['viewer', 'support', 'finance', 'founder'];
  await rememberRules(dataDir, {
    version: 1,
    rules: [
      { id: 'prompts', label: 'prompt', roles, where: { type: 'path', path: 'input.prompt' } },
      { id: 'digits', label: 'number', roles, where: { type: 'pattern', pattern: '[0-9]{6,}', ignoresCase: false } },
    ],
  });
  const application = await startApplication(LAUNCH, dataDir);
  try {
    const { page } = application;
    await openJobs(page);
    return answerCase('answer of a filter where prompts are hidden', await answerTimes(page, 'link'));
  } finally {
    await application.stop();
  }
}

function answerCase(name: string, times: readonly number[]): BenchCase {
  const p95 = quantile(times, 0.95);
  return benchCase({
    name: `${name}, p95 of ${times.length}`,
    unit: 'ms',
    ours: p95,
    aim: 'under 100 ms',
    isReached: p95 < 100,
  });
}

async function firstRow(page: Page): Promise<void> {
  await page.locator(`${GRID} [data-job-id]`).first().waitFor();
}

/** By the clock, on a page that was opened for it: what was met on the way would be found again without a search. */
async function lastRowMs(page: Page): Promise<number> {
  await page.evaluate(() => {
    location.hash = '#/jobs';
  });
  await page.reload();
  await firstRow(page);
  await page.locator(GRID).focus();
  const startedAt = performance.now();
  await page.keyboard.press('End');
  await page.waitForFunction((grid) => {
    const element = document.querySelector(grid);
    const count = Number(element?.getAttribute('aria-rowcount'));
    return element?.querySelector(`[data-job-id][aria-rowindex="${count}"]`) !== null;
  }, GRID);
  return performance.now() - startedAt;
}

async function scrollingCases(page: Page, folder: string, sizes: Sizes): Promise<readonly BenchCase[]> {
  const peers = await openPeers(folder);
  const seen: Record<'ours' | 'virtual' | 'ag-grid' | 'empty', Scrolling[]> = {
    ours: [],
    virtual: [],
    'ag-grid': [],
    empty: [],
  };
  try {
    for (let round = 0; round < sizes.rounds; round += 1) {
      await page.bringToFront();
      seen.ours.push(await scrolled(page, { selector: GRID, empty: '.is-empty', ms: sizes.scrollMs }));
      for (const kind of ['virtual', 'ag-grid', 'empty'] as const) {
        const selector = await peers.page.evaluate(([what, rows]) => peersOf().show(what, rows), [
          kind,
          sizes.rows,
        ] as const);
        const empty = kind === 'ag-grid' ? '.ag-row-loading' : null;
        seen[kind].push(await scrolled(peers.page, { selector, empty, ms: sizes.scrollMs }));
      }
    }
    const shares = (kind: keyof typeof seen): number[] => seen[kind].map((one) => 100 * inTime(one));
    const emptyMs = (kind: keyof typeof seen): number => Math.max(...seen[kind].map(({ emptyMsMax }) => emptyMsMax));
    const [own, peer] = [await pageMemory(page), await pageMemory(peers.page)];
    const limit = { limit: shares('empty'), limitName: 'a page with nothing in it' };
    const aim = { aim: '95 %', isReached: quantile(shares('ours'), 0.5) >= 95 };
    const charts: Record<'uplot' | 'chart.js', number[]> = { uplot: [], 'chart.js': [] };
    for (let round = 0; round < 3 + sizes.rounds * 5; round += 1)
      for (const kind of ['uplot', 'chart.js'] as const) {
        const ms = await peers.page.evaluate(([what, points]) => peersOf().draw(what, points), [kind, POINTS] as const);
        if (round >= 3) charts[kind].push(ms);
      }
    return [
      ...(['virtual', 'ag-grid'] as const).map((kind) =>
        medianCase({
          name: `frames in time while scrolling ${sizes.rows} rows`,
          unit: '% of frames',
          ours: shares('ours'),
          peer: shares(kind),
          peerName: kind === 'virtual' ? '@tanstack/react-virtual, rows at once' : 'ag-grid, rows at once',
          ...limit,
          ...aim,
        }),
      ),
      benchCase({
        name: 'the longest that a row in sight was empty',
        unit: 'ms',
        ours: emptyMs('ours'),
        peer: emptyMs('ag-grid'),
        peerName: 'ag-grid, rows at once',
        aim: 'never more than 100 ms',
        isReached: emptyMs('ours') <= 100,
      }),
      benchCase({
        name: "memory of the page's program after scrolling",
        unit: 'MiB',
        ours: own.heapMiB,
        peer: peer.heapMiB,
        peerName: 'the page of the peers',
      }),
      benchCase({
        name: 'memory of the process that draws the page after scrolling',
        unit: 'MiB',
        ours: own.processMiB,
        peer: peer.processMiB,
        peerName: 'the page of the peers',
        aim: 'under 300 MB',
        isReached: own.processMiB < PAGE_MIB_MAX,
      }),
      medianCase({
        name: `a chart of three series of ${POINTS} points on the screen`,
        unit: 'ms',
        ours: charts.uplot,
        peer: charts['chart.js'],
        peerName: 'Chart.js',
      }),
    ];
  } finally {
    await peers.close();
  }
}

/** In the page of the peers: what `peer-page.ts` put there. */
declare function peersOf(): Peers;

async function openPeers(folder: string): Promise<{ readonly page: Page; close(): Promise<void> }> {
  const outDir = path.join(folder, 'peers');
  await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir,
      lib: {
        entry: path.join(import.meta.dirname, 'peer-page.ts'),
        formats: ['iife'],
        name: 'peerPage',
        fileName: () => 'peers.js',
      },
    },
  });
  const browser = await launchChromium();
  const page = await browser.newPage({ viewport: VIEW });
  await page.setContent('<!doctype html><html lang="en"><head><title>Peers</title></head><body></body></html>');
  await page.addScriptTag({ path: path.join(outDir, 'peers.js') });
  await page.evaluate(() => Object.assign(window, { peersOf: () => Reflect.get(window, 'peers') as unknown }));
  return { page, close: () => browser.close() };
}

/** What the program of a page holds once what nobody needs was let go, in MiB. */
