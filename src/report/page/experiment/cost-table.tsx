import type { RunResult, TaskResults, VariantResults } from '../../experiment-results.ts';
import { bytes, count, duration, shortNumber } from '../../format.ts';
import { Table } from '../parts/table.tsx';

const HEAD = [
  'variant',
  '#trained parameters',
  '#tokens a run',
  '#time a run',
  '#peak memory',
  "#β's last jump",
  '#max |Δlogit|',
  'merged models',
];

/** What each variant cost, as means over its runs, and whether its merged models are the trained policies. */
export function CostTable({ task: { variants } }: { readonly task: TaskResults }) {
  const run = variants.filter(({ runs }) => runs.length > 0);
  if (run.length === 0) return null;
  return (
    <Table
      caption="Cost and verification: means over seeds, the greatest memory and |Δlogit|; last jump: nats a token by which the last move of β changes the policy"
      head={HEAD}
    >
      {run.map((variant) => (
        <Row key={variant.name} variant={variant} />
      ))}
    </Table>
  );
}

function Row({ variant: { name, runs } }: { readonly variant: VariantResults }) {
  const mean = (of: (run: RunResult) => number) => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const most = (of: (run: RunResult) => number) => Math.max(...runs.map(of));
  const jumps = runs.flatMap(({ lastJump }) => lastJump ?? []);
  const verified = runs.filter((run) => run.verified).length;
  return (
    <tr>
      <th scope="row" class="name">
        {name}
      </th>
      <td class="n">{count(runs[0]!.trainableParameters)}</td>
      <td class="n">{count(mean(({ tokens }) => tokens))}</td>
      <td class="n">{duration(mean(({ seconds }) => seconds))}</td>
      <td class="n">{bytes(most(({ peakMemory }) => peakMemory))}</td>
      <td class="n">
        {jumps.length === 0 ? '–' : shortNumber(jumps.reduce((sum, jump) => sum + jump, 0) / jumps.length)}
      </td>
      <td class="n">{most(({ maxDelta }) => maxDelta).toExponential(1)}</td>
      <td class={verified === runs.length ? 'good' : 'bad'}>{`${verified} of ${runs.length} verified`}</td>
    </tr>
  );
}
