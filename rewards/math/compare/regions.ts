import { atDouble, between, distinct, type RealPoint } from '../algebra/real-point.ts';

/** A part of the real line, however it is described. */
export interface Region {
  /** Every place where the line may enter or leave the region, as far as they were found. */
  readonly marks: readonly RealPoint[];
  /** True when no place is missing among the marks. */
  readonly isComplete: boolean;
  /**
   * Does x lie in the region? Undefined where doubles can't tell.
   * @param nearby for a mark, points to its left and right before the next ones.
   */
  readonly at: (x: RealPoint, nearby?: readonly RealPoint[]) => boolean | undefined;
  /** The same at the points of the grid of boundaries.ts, where a boundary missed shows. */
  readonly onGrid: () => readonly (boolean | undefined)[];
}

export interface Comparison {
  readonly agree: boolean;
  /** Some point lies in one of them. */
  readonly anywhere: boolean;
}

/** Compares two regions at the marks of both, between them, far beyond, and on the grid where marks may be missing. */
export function compareRegions(a: Region, b: Region): Comparison | undefined {
  const marks = distinct([...a.marks, ...b.marks]);
  const left = beyond(marks[0], -1);
  const right = beyond(marks.at(-1), 1);
  const inside = marks.slice(1).map((mark, i) => between(marks[i]!, mark));
  const gaps = [left[0]!, ...inside, right[0]!];
  const isComplete = a.isComplete && b.isComplete;
  const verdicts = [
    ...marks.map((mark, i) => [mark, [gaps[i]!, gaps[i + 1]!]] as const),
    ...[...left, ...inside, ...right].map((x) => [x, undefined] as const),
  ].map(([x, nearby]) => [a.at(x, nearby), b.at(x, nearby)] as const);
  if (!isComplete) {
    const others = b.onGrid();
    verdicts.push(...a.onGrid().map((ours, i) => [ours, others[i]] as const));
  }
  const known = verdicts.filter(([x, y]) => x !== undefined && y !== undefined);
  if (known.length === 0) return undefined;
  return { agree: known.every(([x, y]) => x === y), anywhere: known.some(([x, y]) => x || y) };
}

/** Points beyond the outermost mark, near it first. */
function beyond(mark: RealPoint | undefined, sign: 1 | -1): RealPoint[] {
  const from = mark?.near ?? 0;
  const size = Math.max(1, Math.abs(from));
  // The first point must not be lost to rounding beside a large mark.
  return [1, 10, 1e3, 1e6, 1e9, 1e15]
    .map((factor) => from + sign * factor * size)
    .filter(Number.isFinite)
    .map(atDouble);
}

/** What lies in any of them. */
export const unionOf = (regions: readonly Region[]): Region =>
  regions.length === 1
    ? regions[0]!
    : {
        marks: regions.flatMap(({ marks }) => marks),
        isComplete: regions.every(({ isComplete }) => isComplete),
        at: (x, nearby) => anyOf(regions.map((region) => region.at(x, nearby))),
        onGrid: () => {
          const [first, ...rest] = regions.map((region) => region.onGrid());
          return first!.map((holds, i) => anyOf([holds, ...rest.map((others) => others[i])]));
        },
      };

const anyOf = (verdicts: readonly (boolean | undefined)[]) =>
  verdicts.includes(true) ? true : verdicts.includes(undefined) ? undefined : false;
