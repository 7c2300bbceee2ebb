import { z } from 'zod';
import { microUsdSchema } from '#domain/credits.ts';
import { hasPlaceholder } from './http-template.ts';
import { jsonPointerSchema } from './json-pointer.ts';
import { providerNameSchema } from './provider-setup.ts';

/** A header's value: text with placeholders, or a key of the key store by its name, behind a prefix such as `Bearer `. */
const headerSchema = z.union([
  z.string().max(2000),
  z.strictObject({ key: z.string().min(1).max(100), prefix: z.string().max(100).default('') }),
]);
const headersSchema = z.record(z.string().regex(/^[A-Za-z0-9-]+$/), headerSchema).default({});
/** An address; `{id}` in it stands for the provider's id of the generation. */
const addressSchema = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !hasPlaceholder(url), 'of all placeholders an address may have {id} alone');

const lookSchema = z.strictObject({
  url: addressSchema,
  method: z.enum(['GET', 'POST']).default('GET'),
  pollMs: z.int().min(10).max(600_000).default(1000),
});

/**
 * A provider that is described by data. In strings of `body` and `headers`, `{prompt}`, `{model}`, `{kind}`, `{idempotencyKey}` and
 * `{callbackUrl}` are replaced, in addresses `{id}`; a string of the body that is just `{options}`, or
 * `{options/name}`, is replaced by the options, or one of them, as they are.
 */
export const httpSettingsSchema = z
  .strictObject({
    type: z.literal('http'),
    name: providerNameSchema,
    headers: headersSchema,
    submit: z.strictObject({
      url: addressSchema,
      method: z.enum(['POST', 'PUT']).default('POST'),
      body: z.json(),
    }),
    /** How the result comes: with the reply, by asking again, or by the provider's call; a call may be followed by asking. */
    result: z.discriminatedUnion('how', [
      z.strictObject({ how: z.literal('reply') }),
      z.strictObject({ how: z.literal('poll'), look: lookSchema }),
      z.strictObject({ how: z.literal('callback'), look: lookSchema.nullable().default(null) }),
    ]),
    /** Where things stand in the provider's replies. */
    read: z.strictObject({
      /** The provider's id of the generation, in the reply to the submission. */
      id: jsonPointerSchema,
      /** Null where every reply without an error is a result. */
      status: jsonPointerSchema.nullable().default(null),
      done: z.array(z.string()).default(['succeeded', 'completed', 'done']),
      failed: z.array(z.string()).default(['failed', 'error']),
      cancelled: z.array(z.string()).default(['canceled', 'cancelled']),
      output: z.strictObject({ at: jsonPointerSchema, as: z.enum(['url', 'base64', 'text', 'json']) }),
      /** The output's address is on the provider's own server and wants the same headers; never sent elsewhere. */
      outputWithHeaders: z.boolean().default(false),
      error: jsonPointerSchema.nullable().default(null),
      errorCode: jsonPointerSchema.nullable().default(null),
      progress: jsonPointerSchema.nullable().default(null),
      /** A number, and how many micro-USD one of it is. */
      cost: z.strictObject({ at: jsonPointerSchema, microUsd: microUsdSchema.positive() }).nullable().default(null),
    }),
    /** Codes of errors by which the provider refuses the content, and by which it says that the request is wrong. */
    refusalCodes: z.array(z.string()).default([]),
    inputCodes: z.array(z.string()).default([]),
    cancel: z
      .strictObject({ url: addressSchema, method: z.enum(['POST', 'DELETE', 'PUT']).default('POST') })
      .nullable()
      .default(null),
  })
  .refine(({ result, read }) => result.how === 'reply' || read.status !== null, {
    path: ['read', 'status'],
    error: 'needed where the result does not come with the reply',
  });
export type HttpSettings = z.input<typeof httpSettingsSchema>;
export type ParsedHttpSettings = z.output<typeof httpSettingsSchema>;

/** The names of every key that the headers refer to. */
export function keysOfHeaders(settings: ParsedHttpSettings): readonly string[] {
  return Object.values(settings.headers).flatMap((header) => (typeof header === 'string' ? [] : [header.key]));
}
