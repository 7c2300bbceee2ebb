import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { AuditedPerson } from '#console/audit/audit-book.ts';
import { readPerson, type KnownPerson } from '#console/people/person-desk.ts';
import type { PersonStatus } from '#contract/person-views.ts';
import type { AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { accessOf, roleSchema } from '#domain/people.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { PeopleStore } from '#store/people-store.ts';

/** What a board needs. */
export interface PersonBoardOptions {
  /** The name of who sits here where the server does not say it. */
  readonly fallbackName: string;
  readonly isReadOnly: boolean;
  /** Where the last known role is kept, so that the copy can be read without the server; absolute. */
  readonly memoryFile: string;
  readonly onChange: (person: PersonStatus) => void;
  readonly log: (line: string, cause?: unknown) => void;
}

const memorySchema = z.object({ id: z.string(), isVerified: z.boolean(), role: roleSchema });

/** How often a role is asked for again, in milliseconds: who lost it keeps it for no longer. */
const REFRESH_MS = 30_000;

/**
 * Knows who sits here and what they may do. Before the server was asked it goes by what it said last time, and where it never
 * did, by the least role. It is never a protection against who owns this machine: that is what the server's own roles are for.
 */
export class PersonBoard {
  readonly #options: PersonBoardOptions;
  #known: KnownPerson;
  #isKnown: boolean;
  #people: PeopleStore | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PersonBoardOptions) {
    this.#options = options;
    const memory = readMemory(options.memoryFile);
    this.#isKnown = memory !== null;
    this.#known = memory ?? {
      id: options.fallbackName,
      isVerified: false,
      role: 'viewer',
      lacking: {},
    };
  }

  get status(): PersonStatus {
    const { id, isVerified, role, lacking } = this.#known;
    return {
      id,
      isVerified,
      role,
      access: accessOf({ role, isReadOnly: this.#options.isReadOnly }),
      lacking,
    };
  }

  /** False until the server has said once who this is; until then the least role is a guess. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  get actor(): Actor {
    return { type: 'user', id: this.#known.id };
  }

  get audited(): AuditedPerson {
    return { actor: this.actor, isVerified: this.#known.isVerified, role: this.#known.role };
  }

  /** Asks the server who this is, now and again every half minute. */
  async attach(people: PeopleStore): Promise<void> {
    this.#people = people;
    this.#timer ??= setInterval(() => void this.refresh(), REFRESH_MS);
    await this.refresh();
  }

  /** Asks once more; without an answer the last one stands. */
  async refresh(): Promise<void> {
    if (this.#people === null) return;
    const known = await readPerson(this.#people, this.#options.fallbackName);
    if (!known.ok) {
      this.#tellUnknown(known.error);
      return;
    }
    this.#isKnown = true;
    const isSame = JSON.stringify(known.value) === JSON.stringify(this.#known);
    this.#known = known.value;
    if (isSame) return;
    writeMemory(this.#options, known.value);
    this.#options.onChange(this.status);
  }

  /** Idempotent. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#people = null;
  }

  #tellUnknown(error: AppError): void {
    if (error.code !== 'server_unreachable') this.#options.log('who sits here could not be asked', error);
  }
}

function readMemory(file: string): KnownPerson | null {
  try {
    const parsed = safeParse(memorySchema, JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? { ...parsed.data, lacking: {} } : null;
  } catch {
    // Not there before the first connection; a damaged one is as good as none.
    return null;
  }
}

function writeMemory({ memoryFile, log }: PersonBoardOptions, { id, isVerified, role }: KnownPerson): void {
  try {
    mkdirSync(path.dirname(memoryFile), { recursive: true });
    writeFileSync(memoryFile, JSON.stringify({ id, isVerified, role }));
  } catch (cause) {
    log('the last known role could not be kept; without the server the least one holds', cause);
  }
}
