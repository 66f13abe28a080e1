import { percent } from '../format.ts';
import { Table } from './parts/table.tsx';
import type { PageRun } from './state/page-run.ts';

const HEAD = [
  'run',
  'outcome',
  '#merged vs unmerged, max |Δlogit|',
  '#allowed',
  '#merged vs base',
  '#accuracy as trained',
  '#read by a new process',
  '#equal answers',
];

/** Whether merged models are the policies that were trained. */
export function VerificationSection({ runs }: { readonly runs: readonly PageRun[] }) {
  const verified = runs.filter(({ verification }) => verification !== null);
  if (verified.length === 0) return null;
  const problems = verified.flatMap((run) => run.verification!.problems.map((problem) => ({ run, problem })));
  return (
    <section aria-labelledby="verification">
      <h2 id="verification">Merge verification</h2>
      <p class="note">
        The merged model must be the policy that was trained: the same logits up to rounding, and the same
        answers when a new process reads it from disk. Near-ties of the two best tokens may fall either way.
      </p>
      {problems.length > 0 && (
        <div class="box warn">
          <ul>
            {problems.map(({ run, problem }) => (
              <li key={run.id + problem}>
                {run.id}: {problem}
              </li>
            ))}
          </ul>
        </div>
      )}
      <Table caption="Merge verification of each run" head={HEAD}>
        {verified.map((run) => (
          <Row key={run.id} run={run} />
        ))}
      </Table>
    </section>
  );
}

function Row({ run }: { readonly run: PageRun }) {
  const { ok, maxDelta, tolerance, baseDelta, accuracy, reloadedAccuracy, answers } = run.verification!;
  const ties = answers.nearTies === 0 ? '' : `, ${answers.nearTies} near-ties`;
  return (
    <tr>
      <th scope="row" class="path">
        {run.id}
      </th>
      <td class={ok ? 'good' : 'bad'}>{ok ? 'passed' : 'FAILED'}</td>
      <td class="n">{maxDelta.toExponential(2)}</td>
      <td class="n">{tolerance.toExponential(0)}</td>
      <td class="n">{baseDelta === null ? '–' : baseDelta.toExponential(2)}</td>
      <td class="n">{percent(accuracy)}</td>
      <td class="n">{percent(reloadedAccuracy)}</td>
      <td class="n">{`${answers.equal} of ${answers.tasks}${ties}`}</td>
    </tr>
  );
}
