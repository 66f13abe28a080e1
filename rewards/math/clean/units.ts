import { withoutTrailingSpace } from './typeset-space.ts';

/** Units of measure behind an answer: they are taken off, and only told apart where both answers carry one. */

/** Spellings by unit; plurals in -s are understood. */
const spellings: Readonly<Record<string, string>> = {
  m: 'm meter metre',
  km: 'km kilometer kilometre',
  cm: 'cm centimeter centimetre',
  mm: 'mm millimeter millimetre',
  dm: 'dm decimeter decimetre',
  ft: 'ft foot feet',
  inch: 'inch inches',
  yd: 'yd yard',
  mile: 'mile',
  kg: 'kg kilogram',
  g: 'g gm gram',
  mg: 'mg milligram',
  lb: 'lb pound',
  oz: 'oz ounce',
  s: 's sec second',
  min: 'min minute',
  h: 'h hr hour',
  day: 'day',
  week: 'week',
  month: 'month',
  year: 'year yr',
  l: 'l liter litre',
  ml: 'ml milliliter millilitre',
  cent: 'cent',
  dollar: 'dollar',
  am: 'am',
  pm: 'pm',
};
const units = new Map(
  Object.entries(spellings).flatMap(([unit, names]) =>
    names.split(' ').flatMap((name): [string, string][] => [
      [name, unit],
      [`${name}s`, unit],
    ]),
  ),
);

/** True when both answers carry a known unit and the units differ: 5 m is not 5 km, nor 5 m². */
export function unitsClash(a: string | undefined, b: string | undefined): boolean {
  const [first, second] = [canonical(a), canonical(b)];
  return first !== undefined && second !== undefined && first !== second;
}

/** 'square metres' and m^2 as 'm^2', 'km per hour' as 'km/h'; undefined when a part is no known unit. */
function canonical(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const spelled = text
    .toLowerCase()
    .replace(/[\s~{}]+/g, ' ')
    .replace(/\b(?:square|sq)\.? (\w+)/g, '$1^2')
    .replace(/\b(?:cubic|cu)\.? (\w+)/g, '$1^3')
    .replace(/\bper\b/g, '/')
    .replace(/\b([ap])\. ?m\b\.?/g, '$1m')
    .replace(/ /g, '')
    .replace(/²/g, '^2')
    .replace(/³/g, '^3');
  const parts = spelled.split('/').map((part) => {
    const [, name, power = ''] = /^([a-z]+)\.?(\^[23])?$/.exec(part) ?? [];
    const unit = units.get(name ?? '');
    return unit === undefined ? undefined : unit + power;
  });
  return parts.every((part) => part !== undefined) ? parts.join('/') : undefined;
}

/** LaTeX without the units that end it, and those units. */
export interface Measured {
  readonly latex: string;
  readonly unit?: string;
}

const wording = String.raw`\\(?:text|textbf|textit|textrm|textnormal|mbox|mathrm)\s?\{([^{}]*)\}`;
const power = String.raw`(?:\s?\^\s?\{?(-?\d)\}?)?`;
const ending = new RegExp(String.raw`${wording}${power}\s?\.?$`);
const quotient = new RegExp(String.raw`\\frac\s?\{\s?${wording}\s?\}\s?\{\s?${wording}${power}\s?\}\s?\.?$`);
/** What a quantity can't end with; words behind it are an answer of their own: x = \text{even}. */
const open = /(?:[=<>,;:({[+*/^_-]|\\(?:in|frac|to|cdot|times|cup|text|leq?|geq?|neq?)(?![a-zA-Z]))$/;

/** Takes \text{…} pieces and plain unit words off the end: 5\,\mathrm{m}/\mathrm{s}, 12\text{ cm}^2, 3 apples. */
export function withoutUnit(latex: string): Measured {
  const fraction = quotient.exec(latex);
  if (fraction !== null) {
    const rest = withoutTrailingSpace(latex.slice(0, fraction.index));
    if (rest !== '' && !open.test(rest)) return { latex: rest, unit: `${fraction[1]}/${fraction[2]}` };
  }
  let [rest, unit] = [latex, ''];
  for (let match = ending.exec(rest); match !== null; match = ending.exec(rest)) {
    const [, words = '', exponent] = match;
    // \mathrm{i} and \mathrm{e} are numbers.
    if (/^[\s~]*[ie][\s~]*$/.test(words)) break;
    const before = withoutTrailingSpace(rest.slice(0, match.index));
    const over = /(?:\/|\\cdot)$/.exec(before)?.[0] ?? '';
    const quantity = withoutTrailingSpace(before.slice(0, before.length - over.length));
    if (over !== '' && !ending.test(quantity)) break;
    rest = quantity;
    unit = `${over === '/' ? '/' : ' '}${words}${exponent === undefined ? '' : `^${exponent}`}${unit}`;
  }
  if (rest === '' || rest === latex || open.test(rest)) return withoutPlainUnit(latex);
  return { ...withoutPlainUnit(rest), unit: unit.trim() };
}

/** Words that count or measure, as they stand behind a number without \text. */
const plainWords = [
  'children ticket|square|cubic|sq|cu|feet|foot|ft|inch(?:es)?|yards?|yd|miles?|mph|kmph|kmh|degrees?|deg',
  'points?|digits?|pounds?|lbs?|ounces?|oz|students?|soldiers?|men|women|man|woman|people|meals?|edges?',
  'monkeys?|tiles?|coins?|toys?|apples?|pies?|marks?|rounds|ways?|multiples?|numbers?|cents?|dollars?|rupees?',
  'rs\\.?|gallons?|gal|acres?|hectares?|lit(?:er|re)s?|met(?:er|re)s?|(?:kilo|centi|milli|deci)met(?:er|re)s?',
  '(?:kilo|milli)?grams?|gm|kg|mg|km|cm|mm|dm|ml|ohms?|units?|cubes?|cc|years?|yr|months?|weeks?|days?|hours?|hrs?',
  'minutes?|mins?|seconds?|secs?|am|pm|noon|profit|loss|gain|excess|increase|decrease|more|less|east|west|north',
  'south|th|st|nd|rd|(?<=:\\d\\d\\s*)[AaPp]\\.?\\s?[Mm]',
].join('|');
const plainUnit = new RegExp(
  String.raw`(?<=\d|\}|\s)\s*((?:${plainWords})(?:\s*\^?\{?[23]\}?)?(?:\s*\/\s*(?:${plainWords}|[hs]))?)\s*\.?$`,
);

/** Two words at most: square cm. */
function withoutPlainUnit(latex: string, unit?: string): Measured {
  const match = plainUnit.exec(latex);
  const rest = match === null ? '' : latex.slice(0, match.index).trim();
  if (match === null || rest === '' || /\\(?!pi$)[a-zA-Z]*$/.test(rest))
    return unit === undefined ? { latex } : { latex, unit };
  return unit === undefined
    ? withoutPlainUnit(rest, match[1]!)
    : { latex: rest, unit: `${match[1]!} ${unit}` };
}

/** The units of a list's elements but the last: AB = 3\text{ cm}, BC = 4\text{ cm}. */
export const withoutInnerUnits = (latex: string): string =>
  latex.replace(innerUnit, (found, words: string) => (canonical(words) === undefined ? found : ''));
const innerUnit = new RegExp(String.raw`(?<=[\d}])(?:\\[,;: ]|~|\s){0,3}${wording}${power}(?=\s?[,;])`, 'g');

/**
 * A number with units spelt in letters: '5 m', '7m/s'. Only the other answer can tell whether the letters are units or
 * variables, so this is no part of normalizing.
 * @param apart the letters must stand apart from the number.
 */
export function withoutLetterUnit(latex: string, apart: boolean): Measured | undefined {
  const match = /^(-?[\d.,]+)(\s*)([a-zA-Z]+(?:\^\{?[23]\}?)?(?:\s*\/\s*[a-zA-Z]+(?:\^\{?[23]\}?)?)?)$/.exec(
    latex,
  );
  if (match === null || (apart && match[2] === '')) return undefined;
  const [, number, space, unit] = match;
  // 3 t are tons; 3t is a product.
  const isUnit = unit === 't' ? space !== '' : canonical(unit) !== undefined;
  return isUnit ? { latex: number!, unit: unit! } : undefined;
}
