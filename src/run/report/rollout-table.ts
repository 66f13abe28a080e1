import type { RolloutRecord } from '../folder/rollout-records.ts';
import { escapeHtml } from './escape-html.ts';
import { shortNumber } from './ticks.ts';

/** Number of prompts that are shown of a batch. */
const PROMPTS = 4;
/** Number of completions that are shown of each prompt. */
const COMPLETIONS = 2;

/** Makes a table of the best and the worst completion of the first prompts of a batch. */
export function rolloutTable(title: string, rollouts: readonly RolloutRecord[]): string {
  if (rollouts.length === 0) return '';
  const rows = chosen(rollouts).map(row).join('\n');
  return `<h3>${escapeHtml(title)} (step ${rollouts[0]!.step})</h3>
<div class="scroll"><table><thead><tr><th>Prompt</th><th>Completion</th><th class="n">Reward</th><th class="n">Advantage</th><th class="n">β</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function chosen(rollouts: readonly RolloutRecord[]): RolloutRecord[] {
  const tasks = [...new Set(rollouts.map((rollout) => rollout.task))].slice(0, PROMPTS);
  return tasks.flatMap((task) => {
    const own = rollouts.filter((rollout) => rollout.task === task).sort(byReward);
    return own.length <= COMPLETIONS ? own : [own[0]!, own.at(-1)!];
  });
}

/** Best first; what no reward scored is last. */
function byReward({ reward: a }: RolloutRecord, { reward: b }: RolloutRecord): number {
  return (b ?? Number.NEGATIVE_INFINITY) > (a ?? Number.NEGATIVE_INFINITY) ? 1 : a === b ? 0 : -1;
}

function row({ prompt, completion, turns, rewards, reward, advantage, beta }: RolloutRecord): string {
  const parts = Object.entries(rewards).map(([name, score]) => `${name}: ${score ?? 'does not apply'}`);
  const question = prompt.map((message) => message.content).join('\n\n');
  const said = turns?.map(({ role, content }) => `${role}: ${content}`).join('\n') ?? completion;
  const sign = advantage === null || advantage === 0 ? '' : advantage > 0 ? 'good' : 'bad';
  return `<tr><td class="text">${escapeHtml(question)}</td><td class="text">${escapeHtml(said)}</td><td class="n" title="${escapeHtml(parts.join('\n'))}">${shortNumber(reward ?? Number.NaN)}</td><td class="n ${sign}">${shortNumber(advantage ?? Number.NaN)}</td><td class="n">${shortNumber(beta)}</td></tr>`;
}
