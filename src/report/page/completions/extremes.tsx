import { shortNumber } from '../../format.ts';
import type { RolloutView } from '../../page-data.ts';
import { Table } from '../parts/table.tsx';
import type { PageRun } from '../state/page-run.ts';

/** Number of prompts that are shown of a batch. */
const PROMPTS = 4;

/** The best and the worst completion of the first prompts of the first batch and of the last. */
export function Extremes({ run: { rollouts } }: { readonly run: PageRun }) {
  const [first, last] = [rollouts[0], rollouts.at(-1)];
  if (first === undefined || last === undefined) return null;
  const of = (step: number) => rollouts.filter((rollout) => rollout.step === step);
  return (
    <>
      <p class="note">The best and the worst answer to a prompt, from the first batch and from the last.</p>
      <Batch title="Early" rollouts={of(first.step)} />
      {last.step !== first.step && <Batch title="Late" rollouts={of(last.step)} />}
    </>
  );
}

function Batch({ title, rollouts }: { readonly title: string; readonly rollouts: readonly RolloutView[] }) {
  return (
    <Table
      caption={`${title} (step ${rollouts[0]!.step})`}
      head={['prompt', 'completion', '#reward', '#advantage', '#β']}
    >
      {chosen(rollouts).map((rollout, i) => (
        <tr key={i}>
          <td class="text">{rollout.prompt.map(({ content }) => content).join('\n\n')}</td>
          <td class="text">
            {rollout.turns?.map(({ role, content }) => `${role}: ${content}`).join('\n') ??
              rollout.completion}
          </td>
          <td class="n">{shortNumber(rollout.reward ?? Number.NaN)}</td>
          <td class={`n ${signOf(rollout.advantage)}`}>{shortNumber(rollout.advantage ?? Number.NaN)}</td>
          <td class="n">{shortNumber(rollout.beta)}</td>
        </tr>
      ))}
    </Table>
  );
}

export const signOf = (advantage: number | null) =>
  advantage === null || advantage === 0 ? '' : advantage > 0 ? 'good' : 'bad';

function chosen(rollouts: readonly RolloutView[]): RolloutView[] {
  const tasks = [...new Set(rollouts.map(({ task }) => task))].slice(0, PROMPTS);
  return tasks.flatMap((task) => {
    const own = rollouts.filter((rollout) => rollout.task === task).sort(byReward);
    return own.length <= 2 ? own : [own[0]!, own.at(-1)!];
  });
}

/** Best first; what no reward scored is last. */
function byReward({ reward: a }: RolloutView, { reward: b }: RolloutView): number {
  if (a === b) return 0;
  return (b ?? Number.NEGATIVE_INFINITY) > (a ?? Number.NEGATIVE_INFINITY) ? 1 : -1;
}
