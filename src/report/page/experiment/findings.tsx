import type { TaskResults } from '../../experiment-results.ts';
import { percent } from '../../format.ts';

/** The gap closure, and what to mind when reading the table. */
export function Findings({ task }: { readonly task: TaskResults }) {
  const edges = task.variants.flatMap((variant) =>
    variant.edges.map(
      ({ field, end }) => `${variant.name}: best at the ${end} ${field} tried: widen the grid`,
    ),
  );
  return (
    <>
      {task.gapClosure && (
        <p class="box finding">
          <b>Gap closure</b> (AFA − LoRA) / (Full − LoRA): {closureText(task.gapClosure)}
        </p>
      )}
      {edges.length > 0 && (
        <div class="box warn">
          <ul>
            {edges.map((edge) => (
              <li key={edge}>{edge}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function closureText({ value, interval, why }: NonNullable<TaskResults['gapClosure']>): string {
  if (value === null) return `not defined${why ? `: ${why}` : ''}`;
  if (interval === null) return `${percent(value)}, without an interval${why ? `: ${why}` : ''}`;
  return `${percent(value)}, 95 % interval (Fieller) ${percent(interval[0])} to ${percent(interval[1])}`;
}
