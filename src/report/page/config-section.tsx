import { configDifferences } from '../config-differences.ts';
import { settingText } from '../format.ts';
import { Table } from './parts/table.tsx';
import type { PageRun } from './state/page-run.ts';

/** Columns of the table of differences, beyond which it shows the first run of each group alone. */
const MOST_COLUMNS = 8;

/** Every setting, and those in which runs differ. */
export function ConfigSection({ runs }: { readonly runs: readonly PageRun[] }) {
  if (runs.length === 0) return null;
  return (
    <section aria-labelledby="settings">
      <h2 id="settings">{runs.length === 1 ? 'Recipe' : 'Recipes'}</h2>
      {runs.length > 1 && <Differences runs={runs} />}
      {runs.map((run) => (
        <details class="block" key={run.id}>
          <summary>{runs.length === 1 ? 'Every setting of this run' : `Every setting of ${run.id}`}</summary>
          <pre>{JSON.stringify(run.config, null, 2)}</pre>
        </details>
      ))}
    </section>
  );
}

function Differences({ runs }: { readonly runs: readonly PageRun[] }) {
  const first = runs.filter(
    (run, i) => runs.findIndex((r) => r.group === run.group && r.subject === run.subject) === i,
  );
  const shown = runs.length <= MOST_COLUMNS ? runs : first;
  const differences = configDifferences(shown.map(({ config }) => config.recipe));
  if (differences.length === 0) return <p class="note">All runs have the same settings.</p>;
  const only = shown === runs ? '' : ', the first run of each group';
  const names = shown.map((run) => (shown === runs ? `${run.group}, seed ${run.seed}` : run.group));
  return (
    <Table
      caption={`Settings in which the runs differ${only}`}
      head={[
        'setting',
        ...names.map((name, i) => (names.indexOf(name) === i ? name : `${name} (${shown[i]!.id})`)),
      ]}
    >
      {differences.map(({ path, values }) => (
        <tr key={path}>
          <th scope="row">{path}</th>
          {values.map((value, i) => (
            <td key={shown[i]!.id} class="path">
              {value === undefined ? '–' : settingText(value)}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}
