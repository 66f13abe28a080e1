/**
 * JSON that reads back every number bit for bit. JSON writes the shortest decimal that reads back to the same double,
 * but turns NaN and infinities into null and −0 into 0: those four are written as { "$number": "NaN" }.
 */
const TAG = '$number';

export function stringifyExact(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (isPlain(item) ? item : { [TAG]: nameOf(item) }));
}

/** @throws SyntaxError when the text is not JSON. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, (_, item: unknown) => {
    if (typeof item !== 'object' || item === null || !(TAG in item)) return item;
    return Number(item[TAG]);
  });
}

function isPlain(item: unknown): item is unknown {
  return typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0));
}

function nameOf(item: unknown): string {
  return Object.is(item, -0) ? '-0' : String(item);
}
