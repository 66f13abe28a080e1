import type { z } from 'zod';

/** Who reads the options at hand, and who reads which others. */
export interface Reader {
  /** In words: `cispo`, `the advantage estimator gae`. */
  readonly who: string;
  /** The options that it reads. */
  readonly reads: z.ZodRawShape;
  /** Of every option there is, the names of those that read it. */
  readonly readers: ReadonlyMap<string, readonly string[]>;
}

/** An option that others read and the one chosen does not. */
export interface UnreadOption {
  readonly path: readonly string[];
  readonly message: string;
  readonly input: unknown;
}

/** Of every option, the names of those that read it. */
export function readersOf(
  named: readonly (readonly [name: string, reads: z.ZodRawShape])[],
): Map<string, string[]> {
  const readers = new Map<string, string[]>();
  for (const [name, reads] of named) {
    for (const option of Object.keys(reads)) readers.set(option, [...(readers.get(option) ?? []), name]);
  }
  return readers;
}

/** More names than this only hide what matters. */
const MOST_NAMES = 4;

/**
 * The options given, at `path`, that others read and the one chosen does not; what nobody reads is for a strict schema.
 */
export function unreadOptions(
  given: Readonly<Record<string, unknown>>,
  { who, reads, readers }: Reader,
  path: readonly string[] = [],
): UnreadOption[] {
  return Object.entries(given)
    .filter(([option]) => readers.has(option) && !Object.hasOwn(reads, option))
    .map(([option, input]) => {
      const names = readers.get(option)!;
      const others = ` (${names.join(', ')} ${names.length > 1 ? 'do' : 'does'})`;
      const own = Object.keys(reads).join(', ') || 'none';
      const message = `${who} does not read it${names.length > MOST_NAMES ? '' : others}; its own options: ${own}`;
      return { path: [...path, option], message, input };
    });
}
