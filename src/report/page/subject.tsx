import { useState } from 'preact/hooks';
import type { PageRun } from './state/page-run.ts';

/** Which recipe's runs the page shows: runs of different tasks are not drawn over each other. */
export function useSubject(runs: readonly PageRun[]): readonly [string, (subject: string) => void] {
  const [chosen, choose] = useState('');
  const there = runs.some((run) => run.subject === chosen);
  return [there ? chosen : (runs[0]?.subject ?? ''), choose];
}

/** The choice among recipes, where there are several. */
export function SubjectField({
  runs,
  subject,
  setSubject,
}: {
  readonly runs: readonly PageRun[];
  readonly subject: string;
  readonly setSubject: (subject: string) => void;
}) {
  const subjects = [...new Set(runs.map((run) => run.subject))];
  if (subjects.length < 2) return null;
  return (
    <fieldset style={{ marginTop: '28px' }}>
      <legend>Which runs the rest of the page shows</legend>
      <label>
        recipe
        <select value={subject} onChange={(event) => setSubject(event.currentTarget.value)}>
          {subjects.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}
