import { InputError } from '../src/errors.ts';
import type { RewardFunction, Task } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';
import { arithmeticValue } from './text/arithmetic-value.ts';

export interface CountdownRewardOptions {
  /** Score of a right equation. */
  readonly rightScore?: number;
  /** Score of an equation that is not right. */
  readonly formatScore?: number;
  /** Field of the numbers that must each be used once. */
  readonly numbersField?: string;
  readonly targetField?: string;
  readonly name?: string;
}

/**
 * `rightScore` (1) when the equation in the last <answer> of the completion's last line uses each number exactly once and gives the
 * target, `formatScore` (0.1) for another equation there, 0 for none (TinyZero's countdown reward).
 * @throws InputError when a task has no numbers or no target.
 */
export function countdownReward(options: CountdownRewardOptions = {}): RewardFunction {
  const {
    rightScore = 1,
    formatScore = 0.1,
    numbersField = 'nums',
    targetField = 'target',
    name = 'countdown',
  } = options;
  return perCompletion(name, (completion, task) => {
    const [numbers, target] = [numbersOf(task, numbersField), Number(task[targetField])];
    if (!Number.isFinite(target))
      throw new InputError(`task ${task.id}: field "${targetField}" must hold a number`);
    const equation = countdownEquation(completion);
    if (equation === undefined) return 0;
    return usesEachOnce(equation, numbers) && reaches(equation, target) ? rightScore : formatScore;
  });
}

function numbersOf(task: Task, field: string): readonly number[] {
  const value = task[field];
  if (Array.isArray(value) && value.every((n) => typeof n === 'number')) return value;
  throw new InputError(
    `task ${task.id}: field "${field}" must hold a list of numbers, got ${JSON.stringify(value) ?? 'nothing'}`,
  );
}

/** The equation in the last <answer> of the last line. */
export function countdownEquation(completion: string): string | undefined {
  const line = completion.split('\n').at(-1)!;
  return [...line.matchAll(/<answer>([^\n]*?)<\/answer>/g)].at(-1)?.[1]?.trim();
}

/** Every number is written in the equation exactly as often as it is given. */
export function usesEachOnce(equation: string, numbers: readonly number[]): boolean {
  const used = (equation.match(/\d+/g) ?? []).map(Number);
  const ascending = (a: number, b: number) => a - b;
  return [...used].sort(ascending).join() === [...numbers].sort(ascending).join();
}

/** The value of an equation of digits, brackets and + − * / alone; undefined for anything else. */
export function equationValue(equation: string): number | undefined {
  return /^[\d+\-*/().\s]+$/.test(equation) && !isBroken(equation) ? arithmeticValue(equation) : undefined;
}

/** To Python a line ends an expression, but in brackets. */
function isBroken(equation: string): boolean {
  let depth = 0;
  for (const c of equation.trim()) {
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === '\n' && depth <= 0) return true;
  }
  return false;
}

function reaches(equation: string, target: number): boolean {
  const value = equationValue(equation);
  return value !== undefined && Math.abs(value - target) < 1e-5;
}
