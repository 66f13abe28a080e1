/** The ids of the greatest of [V] weights, the greatest first; of equal ones the first id. One pass, V is not sorted. */
export function topTokens(weights: Float32Array, count: number): number[] {
  const ids: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < weights.length && count > 0; id++) {
    const weight = weights[id]!;
    if (ids.length === count && weight <= least) continue;
    if (ids.length === count) ids.pop();
    let at = ids.length;
    while (at > 0 && weights[ids[at - 1]!]! < weight) at--;
    ids.splice(at, 0, id);
    if (ids.length === count) least = weights[ids.at(-1)!]!;
  }
  return ids;
}
