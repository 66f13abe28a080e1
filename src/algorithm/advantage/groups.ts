/** Rows of each group, in order of first appearance; groups may be interleaved. */
export function rowsByGroup(groups: ArrayLike<number>): number[][] {
  const rows = new Map<number, number[]>();
  for (let b = 0; b < groups.length; b++) {
    const id = groups[b]!;
    const list = rows.get(id);
    if (list === undefined) rows.set(id, [b]);
    else list.push(b);
  }
  return [...rows.values()];
}
