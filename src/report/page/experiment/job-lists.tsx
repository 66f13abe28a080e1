import type { ExperimentResults } from '../../experiment-results.ts';

/** Jobs without a result, and jobs that don't count: what the tables lack. */
export function JobLists({ results: { missing, rejected } }: { readonly results: ExperimentResults }) {
  return (
    <>
      <Jobs title="Missing" jobs={missing} />
      <Jobs title="Rejected: the folder does not hold what the plan says" jobs={rejected} />
    </>
  );
}

function Jobs({ title, jobs }: { readonly title: string; readonly jobs: ExperimentResults['missing'] }) {
  if (jobs.length === 0) return null;
  return (
    <details class="box warn" open={jobs.length <= 8}>
      <summary>
        {title} ({jobs.length})
      </summary>
      <ul>
        {jobs.map(({ job, what, why }) => (
          <li key={job}>
            {what} ({job}): {why}
          </li>
        ))}
      </ul>
    </details>
  );
}
