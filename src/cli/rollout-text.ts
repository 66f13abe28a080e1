import { styleText } from 'node:util';
import type { RolloutRecord } from '../pipeline/rollout-records.ts';

/** One rollout for a person to read: its scores, the prompt, the completion. */
export function rolloutText(record: RolloutRecord, colours: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(style, text) : text;
  const { step, task, reward, advantage, beta, tokens, finish_reason } = record;
  const scores = Object.entries(record.rewards).map(
    ([name, score]) => `${name} ${score === null ? 'null' : short(score)}`,
  );
  const mark = finish_reason === 'length' ? paint('red', 'truncated') : finish_reason;
  const advantageText = paint(
    advantage > 0 ? 'green' : advantage < 0 ? 'red' : 'dim',
    `advantage ${short(advantage)}`,
  );
  return [
    paint('bold', `── step ${step}, task ${task}`),
    `reward ${short(reward)} (${scores.join(', ')})  ${advantageText}  β ${short(beta)}  ${tokens} tokens, ${mark}`,
    ...record.prompt.map(({ role, content }) => paint('cyan', `${role}: ${content}`)),
    ...(record.turns ?? [])
      .slice(0, -1)
      .map(({ role, content }) => `${paint('cyan', `${role}:`)} ${content}`),
    record.completion,
    '',
  ].join('\n');
}

const short = (value: number) => String(Number(value.toFixed(3)));
