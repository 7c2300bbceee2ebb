import { NO_HASH, type AuditEntry, type ChainHead, type HashText } from './audit.ts';
import { canonicalJson } from './canonical-input.ts';

/** What is wrong with a chain, and where. */
export interface ChainFault {
  readonly chainId: string;
  readonly seq: number;
  readonly reason: 'changed' | 'missing' | 'twice' | 'cut_off' | 'malformed';
}

/** A chain as far as it was taken, and what others say of it. */
interface TakenChain {
  seq: number;
  hash: string;
  /** The hash of each entry up to the first that is missing. */
  readonly hashes: ShortHashes;
  /** Numbers and hashes of entries that somebody testifies to. */
  readonly testified: { readonly seqs: number[]; readonly hashes: ShortHashes };
}

/**
 * Checks chains entry by entry. Of each entry 16 bytes are kept, and of each testimony to one 24, so that whoever writes a chain anew,
 * with every hash and the list of ends, is still found by anything that anybody has ever testified. Feed the entries of a chain in the
 * order of `seq`; then ask for the faults with the ends that are known from elsewhere.
 */
export class ChainCheck {
  readonly #hashText: HashText;
  readonly #faults: ChainFault[] = [];
  readonly #chains = new Map<string, TakenChain>();
  #entries = 0;

  constructor(hashText: HashText) {
    this.#hashText = hashText;
  }

  /** How many entries were checked. */
  get entries(): number {
    return this.#entries;
  }

  /** How many chains were seen. */
  get chains(): number {
    return [...this.#chains.values()].filter(({ seq }) => seq > 0).length;
  }

  take(entry: AuditEntry): void {
    this.#entries += 1;
    const { chainId, seq } = entry;
    const chain = this.#chainOf(chainId);
    if (seq <= chain.seq) this.#faults.push({ chainId, seq, reason: 'twice' });
    else if (seq > chain.seq + 1) this.#faults.push({ chainId, seq: chain.seq + 1, reason: 'missing' });
    const { hash, ...rest } = entry;
    const isLinked = seq !== chain.seq + 1 || entry.prevHash === chain.hash;
    if (!isLinked || this.#hashText(canonicalJson(rest)) !== hash) {
      this.#faults.push({ chainId, seq, reason: 'changed' });
    }
    // Behind a gap an entry has no place that is sure; the gap is a fault already.
    if (seq === chain.hashes.length + 1) chain.hashes.push(hash);
    if (seq > chain.seq) [chain.seq, chain.hash] = [seq, hash];
    if (entry.witness !== null) this.testify(entry.witness);
  }

  /** Notes a document that is no entry at all. */
  takeMalformed(chainId: string): void {
    this.#faults.push({ chainId, seq: 0, reason: 'malformed' });
  }

  /** Notes the end of a chain that somebody else keeps: the list of ends, or this machine's own chain. */
  testify({ chainId, seq, hash }: ChainHead): void {
    if (seq < 1) return;
    const { testified } = this.#chainOf(chainId);
    testified.seqs.push(seq);
    testified.hashes.push(hash);
  }

  /** The ends of chains that somebody testifies to have gone on: they were cut off, or have grown since they were taken. */
  get behind(): readonly Pick<ChainHead, 'chainId' | 'seq'>[] {
    return [...this.#chains].flatMap(([chainId, { seq, testified }]) =>
      testified.seqs.some((one) => one > seq) ? [{ chainId, seq }] : [],
    );
  }

  /** Everything that is wrong with a chain, or with all of them. */
  faults(ofChain: string | null = null): readonly ChainFault[] {
    const cut = this.behind.map(({ chainId, seq }): ChainFault => ({ chainId, seq: seq + 1, reason: 'cut_off' }));
    const other = [...this.#chains].flatMap(([chainId, chain]): readonly ChainFault[] => {
      const seq = firstContradicted(chain);
      return seq === null ? [] : [{ chainId, seq, reason: 'changed' }];
    });
    const all = [...this.#faults, ...cut, ...other];
    return ofChain === null ? all : all.filter(({ chainId }) => chainId === ofChain);
  }

  #chainOf(chainId: string): TakenChain {
    const known = this.#chains.get(chainId);
    if (known !== undefined) return known;
    const chain = {
      seq: 0,
      hash: NO_HASH,
      hashes: new ShortHashes(),
      testified: { seqs: [], hashes: new ShortHashes() },
    };
    this.#chains.set(chainId, chain);
    return chain;
  }
}

/** The first entry that is another one than somebody testified to; null where there is none. It, or one before it, was changed. */
function firstContradicted({ hashes, testified }: TakenChain): number | null {
  const contradicted = testified.seqs.filter(
    (seq, at) => seq <= hashes.length && !hashes.isSame(seq - 1, testified.hashes, at),
  );
  return contradicted.reduce<number | null>((first, seq) => (first === null || seq < first ? seq : first), null);
}

const BYTES = 16;

/** The first 128 bits of hashes, one behind the other: nobody finds another text for as many. */
class ShortHashes {
  #bytes = new Uint8Array(BYTES * 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param hash in hexadecimal digits */
  push(hash: string): void {
    const from = this.#length * BYTES;
    if (from + BYTES > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (let at = 0; at < BYTES; at += 1) this.#bytes[from + at] = Number.parseInt(hash.slice(at * 2, at * 2 + 2), 16);
    this.#length += 1;
  }

  isSame(at: number, other: ShortHashes, otherAt: number): boolean {
    const [here, there] = [at * BYTES, otherAt * BYTES];
    return Array.from({ length: BYTES }, (_, byte) => byte).every(
      (byte) => this.#bytes[here + byte] === other.#bytes[there + byte],
    );
  }
}
