import type { GridFSBucket, GridFSBucketReadStream, ObjectId } from 'mongodb';
import { z } from 'zod';
import { isDoc, type Doc } from '../doc.ts';
import type { Arguments, Perform } from './arguments.ts';

/** The driver takes only its own ids by type, the server every value. */
const fileId = z.custom<ObjectId>();

/** Every operation on a GridFS bucket, by the format's name. */
export const BUCKET_OPERATIONS: Readonly<Record<string, Perform<GridFSBucket>>> = {
  delete: (target, given) => target.delete(fileId.parse(given.take('id')), given.options()),
  deleteByName: async (target, given) => {
    const files = await target.find({ filename: given.text('filename') }).toArray();
    if (files.length === 0) throw new Error('FileNotFound: no file of this name');
    for (const file of files) await target.delete(file._id);
  },
  download: (target, given) => bytesOf(target.openDownloadStream(fileId.parse(given.take('id')), given.options())),
  downloadByName: (target, given) => {
    const name = given.text('filename');
    return bytesOf(target.openDownloadStreamByName(name, given.options()));
  },
  drop: (target, given) => target.drop(given.options()),
  find: (target, given) => target.find(given.doc('filter'), given.options()).toArray(),
  rename: (target, given) => {
    const [id, name] = [fileId.parse(given.take('id')), given.text('newFilename')];
    return target.rename(id, name, given.options());
  },
  renameByName: async (target, given) => {
    const files = await target.find({ filename: given.text('filename') }).toArray();
    const renamed = given.text('newFilename');
    if (files.length === 0) throw new Error('FileNotFound: no file of this name');
    for (const file of files) await target.rename(file._id, renamed);
  },
  upload: (target, given) => upload(target, given, null),
  uploadWithId: (target, given) => upload(target, given, fileId.parse(given.take('id'))),
};

async function bytesOf(stream: GridFSBucketReadStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(z.instanceof(Buffer).parse(chunk));
  return Buffer.concat(chunks);
}

async function upload(target: GridFSBucket, given: Arguments, id: ObjectId | null): Promise<unknown> {
  const source = given.take('source');
  const bytes = Buffer.from(hexSource(source), 'hex');
  const name = given.text('filename');
  const options = given.options();
  const stream =
    id === null ? target.openUploadStream(name, options) : target.openUploadStreamWithId(id, name, options);
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject);
    stream.once('finish', () => resolve());
    stream.end(bytes);
  });
  return stream.id;
}

function hexSource(source: unknown): string {
  const given: Doc = isDoc(source) ? source : {};
  return z.string('an upload source is {$$hexBytes: text}').parse(given['$$hexBytes']);
}
