import type { Database, Statement } from 'better-sqlite3';
import { SETTINGS, settingNameSchema, settingsSchema, type SettingName, type Settings } from '#contract/own-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import { decode } from '../document-encoding.ts';
import { attemptOwn } from './own-errors.ts';

/** The settings of this machine. */
export class OwnSettings {
  readonly #now: () => number;
  readonly #all: Statement<[], { name: string; value: string }>;
  readonly #put: Statement<[string, string, number]>;

  constructor(db: Database, now: () => number) {
    this.#now = now;
    this.#all = db.prepare('SELECT name, value FROM settings');
    this.#put = db.prepare(
      `INSERT INTO settings (name, value, updated_ms) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms`,
    );
  }

  /** Every setting; what was never set, or fits its schema no more, is at its default. */
  read(): Result<Settings, AppError> {
    return attemptOwn(() => {
      const set = new Map(this.#all.all().map(({ name, value }) => [name, value]));
      const valid = settingNameSchema.options.flatMap((name): [string, unknown][] => {
        const text = set.get(name);
        if (text === undefined) return [];
        const parsed = SETTINGS[name].safeParse(decode(() => JSON.parse(text) as unknown));
        return parsed.success ? [[name, parsed.data]] : [];
      });
      return settingsSchema.parse(Object.fromEntries(valid));
    });
  }

  /** Sets one; `invalid_request` where the value does not fit. It is on the disk when this returns. */
  put(name: SettingName, value: unknown): Result<void, AppError> {
    const parsed = SETTINGS[name].safeParse(value);
    if (!parsed.success) return err(appError('invalid_request', `${name}: ${parsed.error.issues[0]?.message ?? ''}`));
    return attemptOwn(() => {
      this.#put.run(name, JSON.stringify(parsed.data), this.#now());
    });
  }
}
