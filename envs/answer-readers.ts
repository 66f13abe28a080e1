import { boxedContents } from '../rewards/math/clean/boxed.ts';
import { InputError } from '../src/errors.ts';

/** Ways to take the gold answer out of a worked solution. @throws InputError naming the row that has none. */
export const answerReaders: Readonly<
  Record<'whole' | 'hash' | 'boxed', (solution: string, where: string) => string>
> = {
  whole: (solution) => solution,
  hash: (solution, where) => {
    const mark = solution.lastIndexOf('####');
    if (mark < 0) throw new InputError(`${where}: the answer has no "#### NUMBER" line`);
    // Commas between thousands go; those of a list stay.
    return solution
      .slice(mark + '####'.length)
      .replace(/(?<=\d),(?=\d{3}(?:\D|$))/g, '')
      .trim();
  },
  boxed: (solution, where) => {
    if (!/\\(?:boxed|fbox)/.test(solution)) throw new InputError(`${where}: the answer has no \\boxed{…}`);
    return `$${boxedContents(solution, 'last')}$`;
  },
};
