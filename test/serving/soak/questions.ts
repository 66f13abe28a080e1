import { type RandomStream, randomStream } from '../../../src/random.ts';

/** Names under which the soak's server has its models. */
export const models = ['tiny', 'lora', 'afa'] as const;

/** A request that a server must answer, and always in the same way. */
export interface Question {
  readonly path: '/v1/completions' | '/v1/chat/completions';
  readonly body: Readonly<Record<string, unknown>>;
}

/** Questions of every kind that is good for the embedded model: it knows digits and signs only, and has 64 positions. */
export function questions(count: number, seed: number): readonly Question[] {
  const stream = randomStream(seed, 'questions');
  return Array.from({ length: count }, (_, i) => question(stream, i));
}

const pick = <T>(stream: RandomStream, from: readonly T[]): T =>
  from[Math.floor(stream.next() * from.length)]!;

function question(stream: RandomStream, index: number): Question {
  const digit = () => 1 + Math.floor(stream.next() * 40);
  const sum = () => `${digit()}${pick(stream, ['+', '-', '*'])}${digit()}=`;
  const sampling = {
    model: pick(stream, models),
    max_tokens: pick(stream, [1, 8, 16, 40]),
    temperature: pick(stream, [0, 0.7, 1]),
    top_p: pick(stream, [1, 1, 0.9]),
    top_k: pick(stream, [0, 5]),
    n: pick(stream, [1, 1, 1, 2, 3]),
    seed: Math.floor(stream.next() * 1e9),
    ignore_eos: pick(stream, [false, false, true]),
    ...pick<object>(stream, [{}, {}, { stop: ['0'] }, { stop: '=1' }]),
  };
  if (index % 3 === 0) {
    const logprobs = pick<object>(stream, [{}, { logprobs: true, top_logprobs: 3 }]);
    const messages = [{ role: 'user', content: sum() }];
    return { path: '/v1/chat/completions', body: { ...sampling, ...logprobs, messages } };
  }
  const prompt = pick<() => unknown>(stream, [
    sum,
    sum,
    () => Array.from({ length: 6 }, () => 2 + Math.floor(stream.next() * 18)),
    () => [sum(), sum()],
  ])();
  const more = pick<object>(stream, [{}, {}, { logprobs: 2 }, { logprobs: 1, echo: true }]);
  return { path: '/v1/completions', body: { ...sampling, ...more, prompt } };
}
