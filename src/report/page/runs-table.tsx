import { count, duration, percent } from '../format.ts';
import { colourName } from './parts/colours.ts';
import { Table } from './parts/table.tsx';
import { type PageRun, type RunGroup, shortPath } from './state/page-run.ts';

const HEAD = [
  'run',
  '#seed',
  '#before',
  '#after',
  '#95 % interval',
  '#steps',
  '#tokens',
  '#time',
  'merged model',
];

/** Every run in a line, those of a group together. */
export function RunsTable({
  groups,
  subject,
}: {
  readonly groups: readonly RunGroup[];
  readonly subject: string;
}) {
  return (
    <Table
      caption={`Runs of ${subject}: greedy accuracy on held-out tasks, before and after training`}
      head={HEAD}
    >
      {groups.flatMap((group) => group.runs.map((run) => <Row key={run.id} group={group} run={run} />))}
    </Table>
  );
}

function Row({ group, run }: { readonly group: RunGroup; readonly run: PageRun }) {
  const { evals, curves, verification } = run;
  const [before, after] = [evals[0], evals.at(-1)];
  return (
    <tr>
      <th scope="row" class="path">
        <span class="swatch" style={{ background: `var(${colourName(group.place)})` }} />
        {group.name}
        <div class="soft">{shortPath(run.id)}</div>
      </th>
      <td class="n">{run.seed}</td>
      <td class="n">{before ? percent(before.accuracy) : '–'}</td>
      <td class="n">{after ? percent(after.accuracy) : '–'}</td>
      <td class="n soft">{after ? `${percent(after.interval[0])} to ${percent(after.interval[1])}` : '–'}</td>
      <td class="n">{`${count((curves.lastStep ?? -1) + 1)} of ${count(run.steps)}`}</td>
      <td class="n">{count(curves.tokens)}</td>
      <td class="n">{duration(curves.seconds)}</td>
      <td class={verification === null ? 'soft' : verification.ok ? 'good' : 'bad'}>
        {verification === null ? 'not verified' : verification.ok ? 'verified' : 'FAILED'}
      </td>
    </tr>
  );
}
