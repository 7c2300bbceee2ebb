import { parentPort } from 'node:worker_threads';
import { judgeSchema } from './json-schema.ts';
import { schemaQuestionSchema, type FromSchemaThread } from './schema-messages.ts';

/** Answers one question of schemas after the other, until it is ended, if need be in the middle of one. */
const say = (message: FromSchemaThread): void => parentPort?.postMessage(message);

parentPort?.on('message', (message: unknown) => {
  say({ type: 'begun' });
  say({ type: 'verdict', verdict: judgeSchema(schemaQuestionSchema.parse(message)) });
});
