import { readFileSync } from 'node:fs';
import { defineRecipe, type Environment } from 'anneal';
import { captured } from 'anneal/rewards';

interface Question {
  readonly system?: string;
  readonly prompt: string;
  readonly choices: readonly string[];
  readonly gold: number;
}

/** The questions of a JSON lines file, CHOICES, which compare.py writes for lm-evaluation-harness, too. */
const questions: Question[] = readFileSync(process.env.CHOICES ?? '', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const env: Environment = {
  name: 'choices',
  async *tasks() {
    for (const [i, question] of questions.entries()) yield { id: String(i), answer: '', ...question };
  },
  prompt: ({ system, prompt }) => [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: String(system) }]),
    { role: 'user', content: String(prompt) },
  ],
  choices: ({ choices, gold }) => ({ texts: choices as string[], gold: gold as number }),
  target: ({ choices, gold }) => (choices as string[])[gold as number]!,
};

export default defineRecipe({
  name: 'choices',
  model: 'tiny',
  objective: 'sft',
  env,
  rewards: [{ reward: captured({ pattern: /answer is (\w+)/ }) }],
  optimizer: { lr: 1e-3 },
  steps: 1,
  sampling: { maxNewTokens: 2, shuffle: false },
  eval: { tasks: questions.length, batchSize: 8, accuracy: 'acc' },
  runtime: { engine: 'onnx' },
});
