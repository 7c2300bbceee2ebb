import { z } from 'zod';
import type { Provider } from '../provider.ts';
import type { CallbackDesk } from '../callback-desk.ts';

/** The name that jobs call a provider by. */
export const providerNameSchema = z.string().min(1).max(200);

/** What an adapter is given beside its settings. */
export interface ProviderParts {
  /** The secret of a name that `keysOf` lists. */
  readonly secret: (name: string) => string;
  /** Where providers call back; null where nothing listens. */
  readonly callbacks: CallbackDesk | null;
}

/** One kind of adapter: the settings that it understands, and how it is made from them. */
export interface ProviderSetup<Schema extends z.ZodType> {
  readonly settingsSchema: Schema;
  /** The names of the keys that it needs. */
  readonly keysOf: (settings: z.output<Schema>) => readonly string[];
  readonly make: (settings: z.output<Schema>, parts: ProviderParts) => Provider;
}
