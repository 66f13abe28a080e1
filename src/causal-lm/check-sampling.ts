import { InputError } from '../errors.ts';

/** Checks the ranges of the sampling settings. @throws InputError naming the setting and its value. */
export function checkSampling(
  given: Readonly<
    Record<
      | 'maxNewTokens'
      | 'temperature'
      | 'topP'
      | 'topK'
      | 'minP'
      | 'repetitionPenalty'
      | 'n'
      | 'cacheGB'
      | 'draftTokens',
      number
    >
  >,
) {
  const { maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, n, cacheGB, draftTokens } = given;
  const rules: readonly [name: keyof typeof given, holds: boolean, range: string][] = [
    ['maxNewTokens', Number.isInteger(maxNewTokens) && maxNewTokens >= 1, 'a whole number from 1'],
    ['temperature', temperature >= 0 && Number.isFinite(temperature), '0 (greedy) or more'],
    ['topP', topP > 0 && topP <= 1, 'above 0 and at most 1'],
    ['topK', Number.isInteger(topK) && topK >= 0, '0 (every token) or a whole number'],
    ['minP', minP >= 0 && minP <= 1, 'between 0 and 1'],
    ['repetitionPenalty', repetitionPenalty > 0 && Number.isFinite(repetitionPenalty), 'above 0'],
    ['n', Number.isInteger(n) && n >= 1, 'a whole number from 1'],
    ['cacheGB', cacheGB > 0 && Number.isFinite(cacheGB), 'above 0'],
    ['draftTokens', Number.isInteger(draftTokens) && draftTokens >= 1, 'a whole number from 1'],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken) throw new InputError(`generate: ${broken[0]} must be ${broken[2]} (got ${given[broken[0]]})`);
}
