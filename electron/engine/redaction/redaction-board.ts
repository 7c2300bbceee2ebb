import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { compilePattern, problemOfPattern } from '#console/redaction/linear-pattern.ts';
import type { RedactionStatus } from '#contract/status.ts';
import type { AppError } from '#domain/errors.ts';
import type { Access, Role } from '#domain/people.ts';
import { blindLens, hidesPrompts, lensOf, type Lens } from '#domain/redaction/lens.ts';
import {
  problemsOfRedaction,
  redactionDraftSchema,
  type RedactionRule,
  type RedactionRules,
} from '#domain/redaction/redaction-rule.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { RedactionStore } from '#store/redaction-store.ts';
import type { PreviewsAllowed } from '../messages.ts';

/** What a board needs. */
export interface RedactionBoardOptions {
  /** Who sits here now. */
  readonly role: () => Role;
  /** Where the last known rules are kept, so that the copy can be read without the server; absolute. */
  readonly memoryFile: string;
  readonly onChange: (status: RedactionStatus) => void;
  readonly log: (line: string, cause?: unknown) => void;
}

/** How often the rules are asked for again, in milliseconds: somebody else's change holds after no longer than this. */
const REFRESH_MS = 15_000;
/** Fingerprints that were handed out under a token and can be asked for by it. */
const TOKENS_MAX = 20_000;
const TOKEN_START = 'cause-';

const memorySchema = redactionDraftSchema.extend({ version: z.int().nonnegative(), tokenKey: z.string().length(64) });

/**
 * Knows which redaction rules hold for who sits here. Before the server was asked it goes by what it said last time; where it never
 * did, or says something that cannot be read, no text of a customer or a provider is shown at all.
 */
export class RedactionBoard {
  readonly #options: RedactionBoardOptions;
  readonly #fingerprints = new Map<string, string>();
  readonly #tokenKey: string;
  #known: RedactionRules | null;
  #made: { readonly role: Role; readonly rules: RedactionRules; readonly lens: Lens | null } | null = null;
  #store: Pick<RedactionStore, 'inForce'> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RedactionBoardOptions) {
    this.#options = options;
    const memory = readMemory(options.memoryFile);
    this.#known = memory === null ? null : { version: memory.version, rules: memory.rules };
    this.#tokenKey = memory?.tokenKey ?? randomBytes(32).toString('hex');
  }

  /** What the person at the window sees through now; null where nothing is hidden from them. */
  lens(): Lens | null {
    const rules = this.#known;
    if (rules === null) return blindLens((text) => this.#tokenOf(text));
    const role = this.#options.role();
    if (this.#made === null || this.#made.role !== role || this.#made.rules !== rules) {
      const tools = { compile: compilePattern, tokenOf: (text: string) => this.#tokenOf(text) };
      this.#made = { role, rules, lens: lensOf(rules, role, tools) };
    }
    return this.#made.lens;
  }

  /** The rules behind the lens, for who cannot be handed it; none while they are not known, as then no text is read. */
  rules(): readonly RedactionRule[] {
    const role = this.#options.role();
    return (this.#known?.rules ?? []).filter(({ roles }) => roles.includes(role));
  }

  /** True where this person sees no prompt, as far as rules are known. While they are not, nothing is shown, and what is kept stays. */
  get hidesPrompts(): boolean {
    return hidesPrompts({ rules: [...(this.#known?.rules ?? [])] }, this.#options.role());
  }

  get status(): RedactionStatus {
    return { version: this.#known?.version ?? null, isHiding: this.lens() !== null };
  }

  /** Which artefacts a window of this person may be served. */
  previewsFor(access: Access): PreviewsAllowed {
    const lens = this.lens();
    if (access.payload.read !== null || (lens !== null && lens.output !== null)) return 'none';
    return lens?.hasPatterns === true ? 'media' : 'all';
  }

  /** The fingerprint that a token stands for; null where what was given is none that was handed out. */
  fingerprintOf(token: string): string | null {
    if (this.lens() === null) return token;
    return this.#fingerprints.get(token) ?? null;
  }

  /** Asks the server for the rules, now and again every quarter of a minute. */
  async attach(store: Pick<RedactionStore, 'inForce'>): Promise<void> {
    this.#store = store;
    this.#timer ??= setInterval(() => void this.refresh(), REFRESH_MS);
    await this.refresh();
  }

  /** Asks once more. Without an answer the last one stands; rules that cannot be read hide everything. */
  async refresh(): Promise<void> {
    if (this.#store === null) return;
    const read = await this.#store.inForce();
    const rules = read.ok ? this.#usable({ version: read.value.version, rules: read.value.rules }) : null;
    if (!read.ok) {
      this.#tellUnread(read.error);
      if (read.error.code !== 'malformed_document' && read.error.code !== 'not_authorized') return;
    }
    const isSame = JSON.stringify(rules) === JSON.stringify(this.#known);
    if (isSame) return;
    this.#known = rules;
    if (rules !== null) this.#remember(rules);
    this.#options.onChange(this.status);
  }

  /** Idempotent. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#store = null;
  }

  /** Rules that somebody wrote past this program may hold what it cannot carry out; then none of them may be taken for carried out. */
  #usable(rules: RedactionRules): RedactionRules | null {
    const [problem] = problemsOfRedaction(rules, problemOfPattern);
    if (problem === undefined) return rules;
    this.#options.log(`the redaction rules cannot be used: ${problem}`);
    return null;
  }

  #tokenOf(fingerprint: string): string {
    if (fingerprint.startsWith(TOKEN_START)) return fingerprint;
    const digest = createHmac('sha256', this.#tokenKey).update(fingerprint).digest('hex');
    const token = `${TOKEN_START}${digest.slice(0, 32)}`;
    if (this.#fingerprints.size >= TOKENS_MAX) this.#fingerprints.clear();
    this.#fingerprints.set(token, fingerprint);
    return token;
  }

  #tellUnread(error: AppError): void {
    if (error.code !== 'server_unreachable') this.#options.log('the redaction rules could not be read', error);
  }

  #remember(rules: RedactionRules): void {
    const { memoryFile, log } = this.#options;
    try {
      mkdirSync(path.dirname(memoryFile), { recursive: true });
      writeFileSync(memoryFile, JSON.stringify({ ...rules, tokenKey: this.#tokenKey }), { mode: 0o600 });
    } catch (cause) {
      log('the redaction rules could not be kept; without the server no text is shown', cause);
    }
  }
}

function readMemory(file: string): z.infer<typeof memorySchema> | null {
  try {
    const parsed = safeParse(memorySchema, JSON.parse(readFileSync(file, 'utf8')));
    if (!parsed.success || problemsOfRedaction(parsed.data, problemOfPattern).length > 0) return null;
    return parsed.data;
  } catch {
    // Not there before the first connection; a damaged one is as good as none.
    return null;
  }
}
