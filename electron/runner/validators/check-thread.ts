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
  switch (question.type) {
    case 'schema':
      return judgeSchema(question);
    case 'website':
      return validateWebsite(question.file, question.options);
    case 'video': {
      // A thread that is asked of no film has no use for the reader of films.
      const { validateVideo } = await import('./video.ts');
      return validateVideo(question.file, question.options);
    }
  }
}
