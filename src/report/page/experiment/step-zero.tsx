import type { TaskResults } from '../../experiment-results.ts';
import { Table } from '../parts/table.tsx';

/** Whether all variants began as the same policy. */
export function StepZero({ task: { stepZero } }: { readonly task: TaskResults }) {
  if (stepZero.length === 0) return null;
  return (
    <Table
      caption="Before the first step: greatest difference of log-probs on the same texts, in nats"
      head={['variants', '#difference', '#allowed', '#tokens', 'same start']}
    >
      {stepZero.map(({ of, against, maxDifference, allowed, tokens }) => (
        <tr key={`${of} ${against}`}>
          <th scope="row">{`${of} and ${against}`}</th>
          <td class="n">{maxDifference === 0 ? '0, equal bits' : maxDifference.toExponential(1)}</td>
          <td class="n">{allowed === 0 ? '0' : allowed.toExponential(0)}</td>
          <td class="n">{tokens}</td>
          <td class={maxDifference <= allowed ? 'good' : 'bad'}>{maxDifference <= allowed ? 'yes' : 'NO'}</td>
        </tr>
      ))}
    </Table>
  );
}
