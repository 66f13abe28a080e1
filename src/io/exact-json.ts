/**
 * Marks a number that plain JSON would lose: NaN and the infinities become null, −0 becomes 0. Such a number is written
 * as { "$number": "NaN" }. JSON already keeps all other numbers bit for bit.
 */
const TAG = '$number';

/** Writes JSON from which `parseExact` reads back every number bit for bit. */
export function stringifyExact(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (isPlain(item) ? item : { [TAG]: nameOf(item) }));
}

/** Reads what `stringifyExact` wrote. @throws SyntaxError when the text is not JSON. */
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
