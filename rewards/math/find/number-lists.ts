import { call, key, num } from '../algebra/expression.ts';
import { fromDecimal } from '../algebra/rational.ts';
import { isName } from '../clean/spelled-names.ts';
import type { Answer } from './answer.ts';
import { isPlainNumber } from './plain-number.ts';

/** Several numbers in words: 1331 and 1728; 9 chickens and 10 rabbits; 5 hours 30 minutes. */

const number = /[-−–+]?[$€£]?(?<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?<percent>\s?%)?/y;
const others = 'and|or|to|of|is|in|out|by|per|than|times|percent|hundred|thousand|million|billion|trillion';
const name = String.raw`(?<noun>(?!(?:${others})s?\b)(?:[a-zA-Z]{2,20}|[mgshl](?![a-zA-Z])))`;
const noun = new RegExp(String.raw`\s{0,3}${name}(?:\s(?!and\b|or\b)[a-zA-Z]{2,20})?(?![\w(^])`, 'y');
const separator = /\s{0,3}(?:(?:,|;)?\s?(?:and|or|&)(?![a-zA-Z])|,|;)\s{0,3}/y;
const gap = /\s{1,3}/y;

interface Item {
  readonly text: string;
  readonly percent: boolean;
  readonly noun: string | undefined;
}

/**
 * The list that a text is from end to end; undefined where it is anything else. Numbers with different nouns keep their
 * order, and numbers that only spaces part do.
 */
export function numberList(text: string): Answer | undefined {
  const trimmed = text.trim().replace(/^(?:both|either)\s|[.,;:!]+$/g, '');
  const found = trimmed.length > LONGEST || isPlainNumber(trimmed) ? undefined : itemsOf(trimmed);
  if (found === undefined || found.items.length < 2) return undefined;
  const { items, parted } = found;
  const values = items.map(({ text: digits, percent }) => {
    const value = num(fromDecimal(digits), digits.includes('.'));
    return percent ? call('Percent', value) : value;
  });
  const nouns = items.map((item) => item.noun ?? items.at(-1)!.noun);
  const alike = nouns.every((name) => name === nouns[0]);
  const value = call(alike && parted ? 'Set' : 'Tuple', ...values);
  if (!alike)
    return { value, text: trimmed, nouns: nouns as string[], isCompound: !parted || isMeasure(nouns) };
  return nouns[0] === undefined ? { value, text: trimmed } : { value, text: trimmed, unit: nouns[0] };
}

const LONGEST = 200;

const measures = [
  'year month week day hour hr h minute min m second sec s',
  'mile yard foot feet ft inch inches in',
  'dollar cent buck pound pence euro penny pennies',
  'ton pound lb ounce oz',
  'kilometer km meter metre m centimeter cm millimeter mm',
  'kilogram kg gram g milligram mg',
  'gallon quart pint cup liter litre milliliter ml',
].map((units) => new Set(units.split(' ')));

/** Hours and minutes measure one thing; chickens and rabbits are two. */
const isMeasure = (nouns: readonly (string | undefined)[]): boolean =>
  measures.some((units) => nouns.every((noun) => noun !== undefined && units.has(noun)));

function itemsOf(text: string): { items: Item[]; parted: boolean } | undefined {
  const items: Item[] = [];
  let parted = true;
  for (let at = 0; ; ) {
    const found = matchAt(number, text, at);
    if (found === undefined) return undefined;
    at += found[0].length;
    const word = matchAt(noun, text, at);
    const counted = word?.groups?.noun;
    if (counted !== undefined && isName(counted)) return undefined;
    at += word?.[0].length ?? 0;
    const sign = /^[-−–]/.test(found[0]) ? '-' : '';
    items.push({
      text: sign + found.groups!.digits!.replaceAll(',', ''),
      percent: found.groups!.percent !== undefined,
      noun: counted === undefined ? undefined : singular(counted),
    });
    if (at === text.length) break;
    const between = matchAt(separator, text, at);
    const space = between ?? matchAt(gap, text, at);
    if (space === undefined) return undefined;
    if (between === undefined) parted = false;
    at += space[0].length;
  }
  return items.every((item) => item.noun !== undefined) ||
    items.slice(0, -1).every((item) => item.noun === undefined)
    ? { items, parted }
    : undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const singular = (word: string) => word.toLowerCase().replace(/(?:(?<=ss|x|ch|sh)es|(?<!s)s)$/, '');

/** The same numbers of the same things, in any order; 5 hours 30 minutes need their nouns. Undefined for other answers. */
export function sameCounts(a: Answer, b: Answer): boolean | undefined {
  if (a.nouns === undefined || b.nouns === undefined) return a.isCompound || b.isCompound ? false : undefined;
  const [first, second] = [a, b].map(({ nouns = [], value }) => {
    const args = value?.kind === 'call' ? value.args : [];
    return nouns.map((name, i) => `${name} ${key(args[i]!)}`).sort();
  });
  return first!.length === second!.length && first!.every((item, i) => item === second![i]);
}
