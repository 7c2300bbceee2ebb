import { randomUUID } from 'node:crypto';
import { constants, copyFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { appError, writingError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** The desktop as exports need it. */
export interface ExportDesktop {
  /** Asks where a file of this name is to be kept; null where the person changed their mind. */
  readonly askPlace: (name: string) => Promise<string | null>;
  /** Shows a file in the system's file manager. */
  readonly showFile: (file: string) => void;
}

/**
 * Written exports on the desktop. They stand in a folder of the application's own; where else one is kept the person is asked, by the
 * system's own dialog, and nothing is written anywhere without it.
 */
export class ExportPlaces {
  readonly #folder: string;
  readonly #desktop: ExportDesktop;

  /** @param folder the folder of exports; absolute */
  constructor(folder: string, desktop: ExportDesktop) {
    this.#folder = folder;
    this.#desktop = desktop;
  }

  /**
   * Copies an export to where the person wants it, as a whole file or not at all.
   * Errors: `not_found`, `disk_full`, `internal` where the place cannot be written.
   */
  async saveAs(name: string): Promise<Result<{ readonly path: string | null }, AppError>> {
    const file = await this.#fileOf(name);
    if (!file.ok) return file;
    const place = await this.#desktop.askPlace(name);
    if (place === null) return ok({ path: null });
    // Under a name that nobody has: what stands beside the place is the person's own.
    const half = path.join(path.dirname(place), `.${randomUUID()}.part`);
    try {
      await copyFile(file.value, half, constants.COPYFILE_EXCL);
      await rename(half, place);
      return ok({ path: place });
    } catch (cause) {
      await rm(half, { force: true });
      return err(writingError(`${place} could not be written`, cause));
    }
  }

  /** Error: `not_found`. */
  async show(name: string): Promise<Result<Record<string, never>, AppError>> {
    const file = await this.#fileOf(name);
    if (!file.ok) return file;
    this.#desktop.showFile(file.value);
    return ok({});
  }

  async #fileOf(name: string): Promise<Result<string, AppError>> {
    const file = path.join(this.#folder, name);
    const gone = err(appError('not_found', `${name} is no file of the folder of exports`));
    if (path.dirname(file) !== path.normalize(this.#folder)) return gone;
    const found = await stat(file).catch(() => null);
    return found?.isFile() === true ? ok(file) : gone;
  }
}
