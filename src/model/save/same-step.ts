/** Whether two steps of a tokenizer.json cut texts alike. What concerns the places of tokens alone is left out. */
export function sameStep(a: unknown, b: unknown): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(isolated(value)).filter(([key]) => key !== 'trim_offsets');
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, canonical(part)]),
  );
}

/** Keeping what matches and dropping the rest, of which there is none, is the same as cutting at each match. */
function isolated(step: object): object {
  const { type, behavior, invert } = step as Record<string, unknown>;
  const keeps = type === 'Split' && behavior === 'Removed' && invert === true;
  return keeps ? { ...step, behavior: 'Isolated', invert: false } : step;
}
