import type { TaskResults } from '../../experiment-results.ts';
import { bytes, count, duration, percent } from '../../format.ts';
import { Table } from '../parts/table.tsx';
import { intervalText } from './accuracy-table.tsx';

const HEAD = [
  'variant',
  '#seed',
  '#validation before',
  '#validation',
  '#test',
  '#95 % interval (Wilson)',
  '#tokens',
  '#time',
  '#peak memory',
  'merged model',
  'folder',
];

/** Every run behind the table's means. */
export function SeedTable({ task: { variants, recipe } }: { readonly task: TaskResults }) {
  const runs = variants.flatMap((variant) => variant.runs.map((run) => ({ ...run, variant: variant.name })));
  if (runs.length === 0) return null;
  return (
    <details>
      <summary>Every run ({runs.length})</summary>
      <Table caption={`Every run of ${recipe}`} head={HEAD}>
        {runs.map((run) => (
          <tr key={run.job}>
            <th scope="row" class="name">
              {run.variant}
            </th>
            <td class="n">{run.seed}</td>
            <td class="n">{percent(run.validationBefore)}</td>
            <td class="n">{percent(run.validation)}</td>
            <td class="n">{percent(run.test)}</td>
            <td class="n">{intervalText(run.testInterval)}</td>
            <td class="n">{count(run.tokens)}</td>
            <td class="n">{duration(run.seconds)}</td>
            <td class="n">{bytes(run.peakMemory)}</td>
            <td class={run.verified ? 'good' : 'bad'}>{run.verified ? 'verified' : 'FAILED'}</td>
            <td class="path">{run.folder}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
