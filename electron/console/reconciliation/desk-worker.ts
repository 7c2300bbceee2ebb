import { parentPort, workerData } from 'node:worker_threads';
import type { ReconciliationProgressView } from '#contract/reconciliation-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { lensOfRules } from '#domain/redaction/lens.ts';
import type { RedactionRule } from '#domain/redaction/redaction-rule.ts';
import type { Result } from '#domain/result.ts';
import { openProcessStore } from '#store/process-store.ts';
import { compilePattern } from '../redaction/linear-pattern.ts';
import type { CleanText } from './csv.ts';
import { answerRequest, financeAnswers } from './finance-answers.ts';
import { ReconciliationDesk, type DeskRun } from './desk.ts';
import { HostSignIn } from './host-sign-in.ts';
import { KeptServer } from './kept-server.ts';
import { deskSettingsSchema, toDeskSchema, type DeskQuestion, type FromDesk } from './desk-messages.ts';

/**
 * A desk on a thread of its own: reading everything and holding it against every rule takes seconds of computing on a large
 * deployment, and whoever hosts it has windows to answer meanwhile.
 */
const settings = deskSettingsSchema.parse(workerData);
const port = parentPort;
if (port === null) throw new Error('The reconciliation worker runs only as a worker thread.');
const say = (message: FromDesk): void => port.postMessage(message);

/** The least time between two words of progress in one phase, in milliseconds. */
const PROGRESS_MS = 100;
const DETAIL_MAX = 2000;

const hostSignIn = settings.signIn === null ? null : new HostSignIn(settings.signIn, say);
const server = new KeptServer(() =>
  openProcessStore({
    uri: settings.uri,
    dbName: settings.dbName,
    appName: 'Runledger reconciliation',
    isReadOnly: settings.isReadOnly,
    mapping: settings.mapping,
    signIn: hostSignIn?.signIn ?? null,
  }),
);
const { copyFile, folder, exportFolder, limits } = settings;
const desk = new ReconciliationDesk({ copyFile, folder, exportFolder, server });
const answers = financeAnswers({ desk, server, folder, exportFolder, limits });
/** Ends what is under way when the thread is to stop. */
const stopping = new AbortController();

/** The run under way. The host starts one at a time. */
let running: { readonly cancelling: AbortController; readonly done: Promise<unknown> } | null = null;

function run(
  begin: (request: Omit<DeskRun, 'scope'>) => Promise<Result<unknown, AppError>>,
): Promise<Result<unknown, AppError>> {
  const cancelling = new AbortController();
  const done = begin({ signal: cancelling.signal, onProgress: throttled() });
  running = { cancelling, done };
  return done;
}

function throttled(): (progress: ReconciliationProgressView) => void {
  let saidAtMs = -PROGRESS_MS;
  let phase = '';
  return (progress) => {
    const nowMs = performance.now();
    if (progress.phase === phase && nowMs - saidAtMs < PROGRESS_MS) return;
    saidAtMs = nowMs;
    phase = progress.phase;
    say({ type: 'progress', progress: { ...progress } });
  };
}

function cleanerOf(hidden: readonly RedactionRule[]): CleanText {
  if (hidden.length === 0) return (text) => text;
  const lens = lensOfRules(hidden, { compile: compilePattern, tokenOf: String });
  return (text) => lens.clean(text);
}

function ask(question: DeskQuestion): Promise<Result<unknown, AppError>> {
  switch (question.type) {
    case 'latest':
      return desk.latest();
    case 'run':
      return run((request) => desk.run({ ...request, scope: question.scope }));
    case 'runs':
      return desk.runs();
    case 'repeat':
      return run((request) => desk.repeat(question.runId, request));
    case 'findings':
      return desk.findings(question);
    case 'finding':
      return desk.finding(question.runId, question.findingId);
    case 'request': {
      const clean = cleanerOf(question.hidden);
      return question.name === 'periods.close'
        ? run((asked) => answerRequest(answers, question, { ...asked, clean }))
        : answerRequest(answers, question, { signal: stopping.signal, clean, onProgress: () => undefined });
    }
    case 'export':
      return desk.export(question, cleanerOf(question.hidden));
  }
}

async function answer(id: number, question: DeskQuestion): Promise<FromDesk> {
  try {
    const result = await ask(question);
    if (result.ok) return { type: 'answer', id, value: result.value };
    return failure(id, result.error);
  } catch (cause) {
    return failure(id, appError('internal', cause instanceof Error ? cause.message : String(cause)));
  }
}

function failure(id: number, { code, detail }: AppError): FromDesk {
  return { type: 'failure', id, error: { code, detail: detail?.slice(0, DETAIL_MAX) ?? null } };
}

async function stop(): Promise<void> {
  stopping.abort();
  running?.cancelling.abort();
  await running?.done.catch(() => undefined);
  desk.close();
  await server.close();
  port?.close();
}

port.on('message', (message: unknown) => {
  const received = toDeskSchema.parse(message);
  switch (received.type) {
    case 'ask':
      void answer(received.id, received.question).then(say);
      return;
    case 'cancel':
      running?.cancelling.abort();
      return;
    case 'signedIn':
      hostSignIn?.answered(received.id, received.answer);
      return;
    case 'stop':
      void stop();
  }
});
