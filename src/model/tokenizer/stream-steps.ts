import { z } from 'zod';
import { byteOf, bytesToText } from './mend-steps.ts';

// A decoder is a chain of steps from tokens to pieces of text. Here each step takes tokens one by one. What it gives is
// settled: it stands at the beginning of the decoded text whatever tokens follow.

/** One step of a decoder. */
export interface StreamStep {
  /** Takes one more piece. Gives the pieces that are settled by it. */
  take(piece: string): readonly string[];
  /** What is not settled, if these pieces came next and then the text ended. Changes nothing. */
  end(pieces: readonly string[]): readonly string[];
}

/** What is used of the library's decoders, which `mendDecoder` has mended. */
export interface LibraryDecoder {
  readonly decoders?: readonly LibraryDecoder[];
  /** Of `ByteLevel`: the byte that a character stands for. */
  readonly byte_decoder?: Readonly<Record<string, number>>;
  decode_chain(tokens: string[]): string[];
}

const stepSchema = z.looseObject({
  type: z.string(),
  decoders: z.array(z.unknown()).default([]),
  start: z.number().default(0),
  stop: z.number().default(0),
  content: z.string().default(''),
});

/**
 * The steps of a decoder, made from the library's and its specification; undefined for one whose text may change far
 * back. `added` are the added tokens, which a byte-level decoder does not take for bytes.
 */
export function streamSteps(
  decoder: LibraryDecoder | null,
  spec: unknown,
  added: ReadonlySet<string>,
): readonly StreamStep[] | undefined {
  // Without a decoder, spaces stand between tokens.
  if (decoder === null) return [eachPiece((piece, isFirst) => (isFirst ? piece : ` ${piece}`))];
  const chain = chainOf(decoder, spec, added);
  const steps: StreamStep[] = [];
  let fused = false;
  for (const [library, { type, start, stop, content }, known] of chain) {
    if (type === 'Fuse') fused = true;
    else if (fused && !(type === 'Strip' && stop === 0)) return undefined;
    else {
      const step = fused ? stripStart(content, start) : stepOf(type, library, known);
      if (step === undefined) return undefined;
      steps.push(step);
      // It joins the pieces between added tokens.
      if (type === 'ByteLevel') fused = true;
    }
  }
  return steps;
}

/**
 * Tells which bytes a token stands for: of a byte-level decoder those of its characters, and those of byte tokens;
 * undefined for what is text.
 */
export function bytesByDecoder(
  decoder: LibraryDecoder | null,
  spec: unknown,
  added: ReadonlySet<string>,
): (token: string) => readonly number[] | undefined {
  const chain = decoder === null ? [] : chainOf(decoder, spec, added);
  const byteLevel = chain.find(([, { type }]) => type === 'ByteLevel')?.[0].byte_decoder;
  const hasByteTokens = chain.some(([, { type }]) => type === 'ByteFallback');
  return (token) => {
    if (byteLevel !== undefined && !added.has(token))
      return Array.from(token, (character) => Number(byteLevel[character] ?? 0));
    const byte = hasByteTokens ? byteOf(token) : undefined;
    return byte === undefined ? undefined : [byte];
  };
}

type Link = readonly [LibraryDecoder, z.output<typeof stepSchema>, added: ReadonlySet<string>];

/** The steps of a decoder in a row. Only an outermost one knows the added tokens. */
function chainOf(decoder: LibraryDecoder, spec: unknown, added: ReadonlySet<string>): Link[] {
  const own = stepSchema.parse(spec);
  if (own.type !== 'Sequence') return [[decoder, own, added]];
  return own.decoders.flatMap((inner, i) => chainOf(decoder.decoders![i]!, inner, new Set()));
}

function stepOf(type: string, library: LibraryDecoder, added: ReadonlySet<string>): StreamStep | undefined {
  if (type === 'ByteLevel') return byteLevel(library.byte_decoder!, added);
  if (type === 'ByteFallback') return byteFallback();
  if (type === 'Replace' || type === 'Strip') return eachPiece((piece) => library.decode_chain([piece])[0]!);
  if (type === 'Metaspace' || type === 'WordPiece')
    return eachPiece((piece, isFirst) => library.decode_chain(isFirst ? [piece] : ['', piece]).at(-1)!);
  return undefined;
}

/** A step that changes each piece by itself. */
function eachPiece(change: (piece: string, isFirst: boolean) => string): StreamStep {
  let taken = false;
  return {
    take(piece) {
      const changed = change(piece, !taken);
      taken = true;
      return [changed];
    },
    end: (pieces) => pieces.map((piece, i) => change(piece, !taken && i === 0)),
  };
}

/** `Strip` after `Fuse`: the first characters of the whole text, where they are `content`. */
function stripStart(content: string, start: number): StreamStep {
  let left = start;
  const strip = (piece: string, most: number): number => {
    let cut = 0;
    while (cut < most && piece[cut] === content) cut++;
    return cut;
  };
  return {
    take(piece) {
      const cut = strip(piece, left);
      if (piece.length > 0) left = cut === piece.length ? left - cut : 0;
      return [piece.slice(cut)];
    },
    end(pieces) {
      const text = pieces.join('');
      return [text.slice(strip(text, left))];
    },
  };
}

/** Runs of byte tokens. A byte more may turn the text of a whole run into U+FFFD, so a run is settled when it ends. */
function byteFallback(): StreamStep {
  let run: string[] = [];
  return {
    take(piece) {
      if (byteOf(piece) !== undefined) {
        run.push(piece);
        return [];
      }
      const settled = bytesToText(run);
      run = [];
      return [...settled, piece];
    },
    end: (pieces) => bytesToText([...run, ...pieces]),
  };
}

/** Characters that stand for bytes. A character that is not whole yet waits for its last byte. */
function byteLevel(
  byteOfCharacter: Readonly<Record<string, number>>,
  added: ReadonlySet<string>,
): StreamStep {
  const bytesOf = (piece: string) => Array.from(piece, (c) => Number(byteOfCharacter[c] ?? 0));
  let waiting: number[] = [];
  return {
    take(piece) {
      if (added.has(piece)) {
        const settled = textOf(waiting);
        waiting = [];
        return [settled, piece];
      }
      const bytes = [...waiting, ...bytesOf(piece)];
      const cut = settledBytes(bytes);
      waiting = bytes.slice(cut);
      return [textOf(bytes.slice(0, cut))];
    },
    end(pieces) {
      const texts: string[] = [];
      let bytes = [...waiting];
      for (const piece of pieces) {
        if (!added.has(piece)) bytes.push(...bytesOf(piece));
        else {
          texts.push(textOf(bytes), piece);
          bytes = [];
        }
      }
      return [...texts, textOf(bytes)];
    },
  };
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const textOf = (bytes: readonly number[]): string => utf8.decode(Uint8Array.from(bytes));

/** How many bytes are settled: all but those of a last character that needs more. */
function settledBytes(bytes: readonly number[]): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
