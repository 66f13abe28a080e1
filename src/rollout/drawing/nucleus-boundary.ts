/** The least weight that stays, and how many of that same weight go. */
export interface Boundary {
  readonly weight: number;
  readonly ties: number;
}

/**
 * Finds where top-p cuts some weights: from the least up they go while all that went weigh ≤ budget; the greatest stays.
 * `gone` is the weight of what went before them. Quick selection: each round splits what is left at a pivot and goes on
 * in one part. It reorders the weights.
 */
export function nucleusBoundary(
  weights: Float64Array,
  { gone: before, budget }: { readonly gone: number; readonly budget: number },
): Boundary {
  let left = weights;
  let gone = before;
  for (;;) {
    const pivot = middleOf(left[0]!, left[left.length >> 1]!, left.at(-1)!);
    const { below, above, weightBelow } = splitAt(left, pivot);
    if (gone + weightBelow > budget) {
      left = left.subarray(0, below);
      continue;
    }
    gone += weightBelow;
    const equal = above - below;
    const isGreatest = above === left.length;
    let ties = 0;
    while (ties < (isGreatest ? equal - 1 : equal) && gone + pivot <= budget) {
      gone += pivot;
      ties++;
    }
    if (isGreatest || ties < equal) return { weight: pivot, ties };
    left = left.subarray(above);
  }
}

const middleOf = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/** Reorders values: [0, below) are less than the pivot, [above, …) greater. */
function splitAt(values: Float64Array, pivot: number) {
  let below = 0;
  let at = 0;
  let above = values.length;
  let weightBelow = 0;
  while (at < above) {
    const value = values[at]!;
    if (value < pivot) {
      values[at++] = values[below]!;
      values[below++] = value;
      weightBelow += value;
    } else if (value > pivot) {
      values[at] = values[--above]!;
      values[above] = value;
    } else at++;
  }
  return { below, above, weightBelow };
}
