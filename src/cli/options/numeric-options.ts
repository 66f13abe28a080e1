import { InputError } from '../../errors.ts';

/** A number given on the command line. @throws InputError naming the option. */
export function numberOption(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new InputError(`${option} takes a number (got "${text}")`);
  return value;
}

/** A whole number of at least 1 given on the command line. @throws InputError naming the option. */
export function positiveOption(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text))
    throw new InputError(`${option} takes a whole number of at least 1 (got "${text}")`);
  return Number(text);
}

/** A whole number given on the command line. @throws InputError naming the option. */
export function wholeOption(option: string, text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InputError(`${option} takes a whole number (got "${text}")`);
  return Number(text);
}
