/** The rows of each group, [B] → [P][G]: rows that stand together and carry the same group number. */
export function byGroup<R extends { readonly group: number }>(rows: readonly R[]): R[][] {
  const groups: R[][] = [];
  for (const row of rows) {
    const current = groups.at(-1);
    if (current !== undefined && current[0]!.group === row.group) current.push(row);
    else groups.push([row]);
  }
  return groups;
}

/** Groups as the rows of one batch, numbered anew from 0: [P][G] → [B]. */
export function regrouped<R extends { readonly group: number }>(groups: readonly (readonly R[])[]): R[] {
  return groups.flatMap((rows, group) => rows.map((row) => ({ ...row, group })));
}
