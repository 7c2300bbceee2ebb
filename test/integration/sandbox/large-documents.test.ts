import type { Document } from 'mongodb';
import { expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
const documents = client.db('large').collection<Document>('documents');
/** More than half of what a document may have. */
const half = 'x'.repeat(9 * 1024 * 1024);

async function codeOf(write: Promise<unknown>): Promise<unknown> {
  return write.then(
    () => null,
    (cause: { readonly code: unknown }) => cause.code,
  );
}

it('refuses an update that would make a document too large by the code of updates', async () => {
  await documents.insertOne({ _id: 1 as never, half });
  expect(await codeOf(documents.updateOne({ _id: 1 as never }, { $set: { other: half } }))).toBe(17_419);
  expect(await codeOf(documents.findOneAndUpdate({ _id: 1 as never }, { $set: { other: half } }))).toBe(17_419);
  expect(await documents.countDocuments({ other: { $exists: true } })).toBe(0);
});

it('refuses an upsert of a document that is too large by the code of upserts', async () => {
  const update = [{ $set: { one: '$$half', other: '$$half' } }];
  const options = { upsert: true, let: { half } };
  expect(await codeOf(documents.updateOne({ _id: 2 as never }, update, options))).toBe(17_420);
  expect(await codeOf(documents.findOneAndUpdate({ _id: 2 as never }, update, options))).toBe(17_420);
  expect(await documents.countDocuments({ _id: 2 as never })).toBe(0);
});
