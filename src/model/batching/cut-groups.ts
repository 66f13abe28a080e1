import { lengthBucket } from '../length-bucket.ts';
import { inParts } from './in-parts.ts';

/** How much is forwarded at once. What is left out has no limit. */
export interface ForwardLimits {
  /** Rows. */
  readonly rows?: number | undefined;
  /** Tokens with all padding: of prefixes, of rows, and of rows that only fill up a shape. */
  readonly tokens?: number | undefined;
}

/** A prompt and its rows as far as their lengths go, in tokens. */
export interface GroupLengths {
  /** Of the prefix, which its rows share. */
  readonly prefix: number;
  readonly rows: readonly number[];
}

/** Some rows of a group. They share its prefix. */
export interface Piece {
  /** Number of the group. */
  readonly group: number;
  /** Numbers of the rows in their group. */
  readonly rows: readonly number[];
}

/** A piece with its padded lengths. */
interface SizedPiece extends Piece {
  readonly prefix: number;
  readonly width: number;
}

/** Padding that is worth saving: an eighth when it takes a piece more, a quarter when it takes a micro-batch more. */
const [PIECE_PADDING, BATCH_PADDING] = [1 / 8, 1 / 4];

/** A number of prompts or rows, rounded up to a quarter of the power of two below, so that few shapes occur. */
export function bucketedCount(count: number): number {
  const step = Math.max(1, 2 ** (Math.floor(Math.log2(count)) - 2));
  return Math.ceil(count / step) * step;
}

/**
 * Cuts groups into micro-batches within the limits, each a list of pieces with equally many rows. Without a limit of
 * tokens whole groups stay together in their order, unless a group alone has too many rows.
 *
 * With a limit of tokens the rows are sorted by length, the longest first, so that a long one pads few others. A group
 * is halved, its longer rows and its shorter ones, where that saves padding, though its prefix is then forwarded again;
 * and the halves likewise. A row that alone exceeds the limit is forwarded alone. The cut depends only on the lengths.
 */
export function cutGroups(groups: readonly GroupLengths[], limits: ForwardLimits): Piece[][] {
  const { rows: mostRows = Number.POSITIVE_INFINITY, tokens } = limits;
  return tokens === undefined ? cutInOrder(groups, mostRows) : cutByTokens(groups, { mostRows, tokens });
}

function cutInOrder(groups: readonly GroupLengths[], mostRows: number): Piece[][] {
  const batches: Piece[][] = [];
  for (const [group, { rows }] of groups.entries()) {
    for (const piece of inParts([...rows.keys()], mostRows)) {
      const current = batches.at(-1);
      const count = piece.length;
      const fits = current?.[0]?.rows.length === count && (current.length + 1) * count <= mostRows;
      if (fits) current.push({ group, rows: piece });
      else batches.push([{ group, rows: piece }]);
    }
  }
  return batches;
}

interface Budget {
  readonly mostRows: number;
  readonly tokens: number;
}

function cutByTokens(groups: readonly GroupLengths[], budget: Budget): SizedPiece[][] {
  const pieces = groups.flatMap(({ prefix, rows }, group) => {
    const longestFirst = [...rows.keys()].sort((a, b) => rows[b]! - rows[a]! || a - b);
    const sized = (taken: readonly number[]): SizedPiece => {
      const width = lengthBucket(rows[taken[0]!]!);
      return { group, rows: taken, prefix: lengthBucket(prefix), width };
    };
    return halved(longestFirst, sized, budget);
  });
  const count = (piece: Piece) => piece.rows.length;
  pieces.sort((a, b) => count(b) - count(a) || b.width - a.width || b.prefix - a.prefix);
  const batches: SizedPiece[][] = [];
  for (const piece of pieces) {
    const current = batches.at(-1);
    if (current && joins(current, piece, budget)) current.push(piece);
    else batches.push([piece]);
  }
  return batches;
}

/** The rows of a group, the longest first, as one piece or as those of its halves. */
function halved(
  rows: readonly number[],
  sized: (taken: readonly number[]) => SizedPiece,
  budget: Budget,
): SizedPiece[] {
  const whole = sized(rows);
  if (rows.length === 1) return [whole];
  const middle = Math.ceil(rows.length / 2);
  const parts = [rows.slice(0, middle), rows.slice(middle)].flatMap((half) => halved(half, sized, budget));
  const tokens = paddedTokens([whole]);
  const apart = parts.reduce((sum, part) => sum + paddedTokens([part]), 0);
  const fits = tokens <= budget.tokens && rows.length <= budget.mostRows;
  return fits && apart > (1 - PIECE_PADDING) * tokens ? [whole] : parts;
}

function joins(batch: readonly SizedPiece[], piece: SizedPiece, { mostRows, tokens }: Budget): boolean {
  const joined = [...batch, piece];
  const together = paddedTokens(joined);
  const apart = joined.reduce((sum, each) => sum + paddedTokens([each]), 0);
  const sameCount = batch[0]!.rows.length === piece.rows.length;
  const fits = together <= tokens && joined.length * piece.rows.length <= mostRows;
  return sameCount && fits && together <= (1 + BATCH_PADDING) * apart;
}

/** Tokens of a micro-batch with all padding. */
function paddedTokens(pieces: readonly SizedPiece[]): number {
  const longest = (of: (piece: SizedPiece) => number) => Math.max(...pieces.map(of));
  const [prefix, width] = [longest((piece) => piece.prefix), longest((piece) => piece.width)];
  return bucketedCount(pieces.length) * (prefix + pieces[0]!.rows.length * width);
}
