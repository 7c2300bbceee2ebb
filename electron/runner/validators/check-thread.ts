import { parentPort } from 'node:worker_threads';
import type { Validation } from '#domain/job.ts';
import { checkQuestionSchema, type CheckQuestion, type FromCheckThread, type SchemaVerdict } from './check-messages.ts';
import { judgeSchema } from './json-schema.ts';
import { validateWebsite } from './website.ts';

/** Answers one question after the other, until it is ended, if need be in the middle of one. */
const say = (message: FromCheckThread): void => parentPort?.postMessage(message);

parentPort?.on('message', (message: unknown) => {
  say({ type: 'begun' });
  // A check that throws ends the thread, which whoever asked is told by its error.
  void answerOf(checkQuestionSchema.parse(message)).then((answer) => say({ type: 'answer', answer }));
});

async function answerOf(question: CheckQuestion): Promise<SchemaVerdict | Validation> {
  return question.type === 'schema' ? judgeSchema(question) : validateWebsite(question.file, question.options);
}
