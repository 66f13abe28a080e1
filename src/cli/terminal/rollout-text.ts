import { styleText } from 'node:util';
import type { RolloutRecord } from '../../run/folder/rollout-records.ts';

/** Formats one rollout: its scores, the prompt, the completion. */
export function rolloutText(record: RolloutRecord, colours: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(style, text) : text;
  const { step, task, reward, advantage, beta, tokens, finish_reason } = record;
  const scores = Object.entries(record.rewards).map(([name, score]) => `${name} ${short(score)}`);
  const mark = finish_reason === 'length' ? paint('red', 'truncated') : finish_reason;
  const advantageText = paint(
    advantage === null || advantage === 0 ? 'dim' : advantage > 0 ? 'green' : 'red',
    `advantage ${short(advantage)}`,
  );
  return [
    paint('bold', `── step ${step}, task ${task}`),
    `reward ${short(reward)} (${scores.join(', ')})  ${advantageText}  β ${short(beta)}  ${tokens} tokens, ${mark}`,
    ...record.prompt.map(({ role, content }) => paint('cyan', `${role}: ${visible(content)}`)),
    ...(record.turns ?? [])
      .slice(0, -1)
      .map(({ role, content }) => `${paint('cyan', `${role}:`)} ${visible(content)}`),
    `${paint('cyan', 'assistant:')} ${visible(record.completion)}`,
    '',
  ].join('\n');
}

const short = (value: number | null) => (value === null ? 'null' : String(Number(value.toFixed(3))));

/** Replaces control characters, other than line ends and tabs, by \u escapes, so that a terminal does not obey them. */
const visible = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
