import { totalmem } from 'node:os';
import type { OnnxSession } from './session.ts';

/** A program compiled for one set of input shapes. */
export interface Compiled {
  readonly session: OnnxSession;
  /** What it takes without its constants. */
  readonly bytes: number;
  /** Weights that its session holds packed. */
  readonly constantBytes: number;
}

interface Entry {
  /** The program that it was compiled for. */
  readonly owner: string;
  readonly compiled: Promise<Compiled>;
  /** Absent while it is being compiled. */
  settled?: Compiled;
  /** Number of runs under way. A program in use is not released. */
  running: number;
}

/** The part of the machine's memory that compiled programs may take unless a number says otherwise. */
const SHARE = 1 / 8;

/**
 * Bytes that compiled programs may take when nobody says how many: an eighth of the memory of the machine, or of what
 * the process is allowed if that is less.
 */
export function usualCacheBytes(): number {
  // 0 or a number beyond any memory where there is no limit.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return SHARE * Math.min(totalmem(), limit);
}

/**
 * Compiled programs by key. When those without constants take more than the budget, the least recently used are
 * released.
 *
 * A program with constants stands apart: it is not counted, and no other program makes it go. It holds the model's
 * weights, so losing it would cost more than all else. It is released when the same program is compiled for other
 * shapes, because two would hold the weights twice.
 *
 * Programs that keep their working memory are held to the budget among themselves: when one of them runs, others go
 * until together they keep no more. Small programs don't go because a large one keeps much.
 */
export class ProgramCache {
  /** The least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private readonly budget: number;

  constructor(budget: number) {
    this.budget = budget;
  }

  /** Compiled programs that are held. */
  live(): readonly Compiled[] {
    return [...this.entries.values()].flatMap(({ settled }) => settled ?? []);
  }

  /** Runs the compiled program of a key; compiles it first if there is none. */
  async use<T>(
    {
      key,
      owner,
      build,
    }: { readonly key: string; readonly owner: string; readonly build: () => Promise<Compiled> },
    run: (session: OnnxSession) => Promise<T>,
  ): Promise<T> {
    const entry = this.entries.get(key) ?? { owner, compiled: build(), running: 0 };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.running++;
    try {
      entry.settled ??= await entry.compiled.catch((error: unknown) => {
        this.entries.delete(key);
        throw error;
      });
      await this.evict(key, entry.settled);
      return await run(entry.settled.session);
    } finally {
      entry.running--;
    }
  }

  /** Releases what was compiled for a program, or everything. */
  async release(owner?: string): Promise<void> {
    const own = [...this.entries].filter(([, entry]) => owner === undefined || entry.owner === owner);
    await Promise.all(own.map(([key]) => this.drop(key)));
  }

  /** Releases what has to go now that `key` is in use. */
  private async evict(key: string, { constantBytes, session }: Compiled): Promise<void> {
    if (constantBytes > 0) return this.releaseTwins(key);
    await this.releaseOldest(({ bytes }) => bytes);
    if (session.keptBytes !== undefined) await this.releaseOldest((other) => other.session.keptBytes ?? 0);
  }

  /** Releases the least recently used programs that take something, until all together are within the budget. */
  private async releaseOldest(bytesOf: (compiled: Compiled) => number): Promise<void> {
    const counted = (compiled: Compiled) => (compiled.constantBytes > 0 ? 0 : bytesOf(compiled));
    let total = this.live().reduce((sum, compiled) => sum + counted(compiled), 0);
    for (const [key, { settled, running }] of [...this.entries]) {
      if (total <= this.budget) return;
      if (settled === undefined || running > 0 || counted(settled) === 0) continue;
      total -= counted(settled);
      await this.drop(key);
    }
  }

  /** Releases what the program of `key` was compiled to for other shapes. */
  private async releaseTwins(key: string): Promise<void> {
    const { owner } = this.entries.get(key)!;
    for (const [other, entry] of [...this.entries]) {
      if (other !== key && entry.owner === owner && entry.settled && entry.running === 0)
        await this.drop(other);
    }
  }

  private async drop(key: string): Promise<void> {
    const entry = this.entries.get(key);
    this.entries.delete(key);
    await (await entry?.compiled)?.session.release();
  }
}
