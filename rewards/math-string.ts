import type { RewardFunction } from '../src/types.ts';
import { goldText, perCompletion } from './batch/per-completion.ts';

/**
 * verl's `math_reward.compute_score`: 1 when the last \boxed{…} spells the gold answer after Hendrycks's normalisation,
 * else 0. No mathematics is done: 2/4 is not 1/2; `mathReward` does.
 */
export function mathString({
  field = 'answer',
  name = 'math_string',
}: {
  readonly field?: string;
  readonly name?: string;
} = {}): RewardFunction {
  return perCompletion(name, (completion, task) => {
    const answer = lastBox(completion);
    if (answer === undefined) return 0;
    return sameSpelling(answer, goldText(task, field)) ? 1 : 0;
  });
}

function lastBox(text: string): string | undefined {
  if (text.includes('\\boxed ')) return text.split('\\boxed ').at(-1)!.split('$')[0];
  const start = text.lastIndexOf('\\boxed');
  if (start < 0 || text[start + '\\boxed'.length] !== '{') return undefined;
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return text.slice(start + '\\boxed{'.length, i);
  }
  return undefined;
}

function sameSpelling(a: string, b: string): boolean {
  const [first, second] = [normalized(a), normalized(b)];
  return first === undefined || second === undefined ? a === b : first === second;
}

/** Undefined where Hendrycks's own normalisation fails: two units, or a root or fraction of nothing. */
function normalized(text: string): string | undefined {
  let spelled = text
    .replace(/\n|\\!/g, '')
    .replaceAll('\\\\', '\\')
    .replaceAll('tfrac', 'frac')
    .replaceAll('dfrac', 'frac')
    .replace(/\\left|\\right|\^\{\\circ\}|\^\\circ|\\\$/g, '');
  const units = spelled.split('\\text{ ');
  if (units.length > 2) return undefined;
  spelled = units[0]!
    .replace(/\\{1,2}%/g, '')
    .replaceAll(' .', ' 0.')
    .replaceAll('{.', '{0.');
  if (spelled === '') return spelled;
  if (spelled.startsWith('.')) spelled = `0${spelled}`;
  const sides = spelled.split('=');
  if (sides.length === 2 && sides[0]!.length <= 2) spelled = sides[1]!;
  const rooted = withBracedRoots(spelled)?.replaceAll(' ', '');
  if (rooted === undefined) return undefined;
  const fractions = withBracedFractions(rooted);
  if (fractions === undefined) return undefined;
  const slashed = fractions === '0.5' ? '\\frac{1}{2}' : fractions;
  const slash = /^(-?\d+)\/(-?\d+)$/.exec(slashed);
  return slash !== null && String(Number(slash[1])) === slash[1] && String(Number(slash[2])) === slash[2]
    ? `\\frac{${slash[1]}}{${slash[2]}}`
    : slashed;
}

function withBracedRoots(text: string): string | undefined {
  const [head, ...tails] = text.split('\\sqrt');
  if (tails.includes('')) return undefined;
  return (
    head +
    tails.map((tail) => `\\sqrt${tail.startsWith('{') ? tail : `{${tail[0]}}${tail.slice(1)}`}`).join('')
  );
}

function withBracedFractions(text: string): string | undefined {
  const [head, ...tails] = text.split('\\frac');
  const short = tails.find((tail) => !tail.startsWith('{') && tail.length < 2);
  if (short !== undefined) return short === '' ? undefined : text;
  return head + tails.map((tail) => `\\frac${bracedFraction(tail)}`).join('');
}

function bracedFraction(tail: string): string {
  if (tail.startsWith('{')) return tail;
  const [top, bottom] = [tail[0]!, tail[1]!];
  return bottom === '{' ? `{${top}}${tail.slice(1)}` : `{${top}}{${bottom}}${tail.slice(2)}`;
}
