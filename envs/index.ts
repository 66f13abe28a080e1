/** The bundled environments: each a factory (options) => Environment. */
export { type ArithmeticOptions, arithmetic } from './arithmetic.ts';
export { type Gsm8kOptions, gsm8k } from './gsm8k.ts';
export { sloppyArithmetic } from './sloppy-arithmetic.ts';
