import { useMemo } from 'preact/hooks';
import type { TaskResults } from '../../experiment-results.ts';
import { percent, settingsText } from '../../format.ts';
import { Chart } from '../parts/chart.tsx';
import { Table } from '../parts/table.tsx';
import { sweepOfGrids, sweepOfVariants } from './sweep-content.ts';

/** Accuracy over what was swept: each grid on the validation split, and an ablation's own field on the test split. */
export function SweepCharts({ task }: { readonly task: TaskResults }) {
  const variants = useMemo(() => sweepOfVariants(task), [task]);
  const grids = useMemo(() => sweepOfGrids(task), [task]);
  return (
    <>
      <div class="charts">
        {variants && (
          <Chart
            title={`Test accuracy over ${variants.field}`}
            note="mean over seeds with Student's 95 % interval"
            content={variants.content}
            axis={variants.name}
          />
        )}
        {grids.map(({ field, name, content }) => (
          <Chart
            key={field}
            title={`Validation accuracy over ${field}`}
            note="one seed a setting; the best is chosen for each variant"
            content={content}
            axis={name}
          />
        ))}
      </div>
      <Grid task={task} />
    </>
  );
}

function Grid({ task: { variants, recipe } }: { readonly task: TaskResults }) {
  const trials = variants.flatMap((variant) =>
    variant.grid.map((trial) => ({ ...trial, variant: variant.name })),
  );
  if (trials.length === 0) return null;
  return (
    <details>
      <summary>Every setting tried ({trials.length})</summary>
      <Table
        caption={`Settings tried on the validation split of ${recipe}`}
        head={['variant', 'setting', '#seed', '#validation accuracy', 'chosen']}
      >
        {trials.map((trial) => (
          <tr key={trial.job}>
            <th scope="row" class="name">
              {trial.variant}
            </th>
            <td>{settingsText(trial.settings)}</td>
            <td class="n">{trial.seed}</td>
            <td class="n">{trial.validation === null ? 'not yet' : percent(trial.validation)}</td>
            <td>{trial.chosen ? 'chosen' : ''}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
