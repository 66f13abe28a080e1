import type { TaskResults } from '../../experiment-results.ts';
import { points } from '../../format.ts';
import { Table } from '../parts/table.tsx';

const VERDICTS = {
  better: { text: 'better', look: 'good' },
  worse: { text: 'worse', look: 'bad' },
  noise: { text: 'noise', look: 'soft' },
  unknown: { text: 'unknown: one seed has no interval', look: 'soft' },
} as const;

/** Paired differences of variants, and whether they are more than noise. */
export function Differences({ task: { differences } }: { readonly task: TaskResults }) {
  if (differences.length === 0) return null;
  return (
    <Table
      caption="Paired differences of test accuracy, seed by seed, in percentage points; noise: the 95 % interval contains 0"
      head={['difference', '#mean', '#95 % interval', '#seeds', 'verdict']}
    >
      {differences.map(({ of, minus, value, interval, seeds, verdict }) => (
        <tr key={`${of} − ${minus}`}>
          <th scope="row">{`${of} − ${minus}`}</th>
          <td class="n">
            <b>{points(value)}</b>
          </td>
          <td class="n">{interval ? `${points(interval[0])} to ${points(interval[1])}` : '–'}</td>
          <td class="n">{seeds}</td>
          <td>
            <span class={`chip ${VERDICTS[verdict].look}`}>{VERDICTS[verdict].text}</span>
          </td>
        </tr>
      ))}
    </Table>
  );
}
