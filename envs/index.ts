/** The bundled environments: each a factory (options) => Environment. */
export { type ArithmeticOptions, arithmetic } from './arithmetic.ts';
export { type CalculatorOptions, calculator } from './calculator.ts';
export { type CountdownOptions, countdown } from './countdown.ts';
export { type DatasetOptions, dataset } from './dataset.ts';
export { type Gsm8kOptions, gsm8k } from './gsm8k.ts';
export { math } from './math.ts';
export { multipleChoice } from './multiple-choice.ts';
export { sloppyArithmetic } from './sloppy-arithmetic.ts';
export { type SortingOptions, sorting } from './sorting.ts';
