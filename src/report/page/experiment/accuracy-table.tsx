import type { TaskResults, VariantResults } from '../../experiment-results.ts';
import { percent, settingsText } from '../../format.ts';
import { colourName } from '../parts/colours.ts';
import { Table } from '../parts/table.tsx';

const HEAD = [
  'variant',
  'setting',
  '#test accuracy',
  '#95 % interval',
  '#seeds',
  'mean, interval and seeds',
  '#over tasks',
];

/** What each variant reached on the test split. */
export function AccuracyTable({ task }: { readonly task: TaskResults }) {
  const scale = scaleOf(task.variants);
  return (
    <Table
      caption="Test accuracy: mean over seeds with Student's 95 % interval; over tasks: bootstrap of the same mean"
      head={HEAD}
    >
      {task.variants.map((variant, place) => (
        <tr key={variant.name}>
          <th scope="row" class="name">
            <span class="swatch" style={{ background: `var(${colourName(place)})` }} />
            {variant.name}
          </th>
          <td>{settingText(variant)}</td>
          <td class="n">{variant.mean ? <b>{percent(variant.mean.value)}</b> : '–'}</td>
          <td class="n">{intervalText(variant.mean?.interval)}</td>
          <td class="n">{variant.mean?.seeds ?? 0}</td>
          <td>
            <Range variant={variant} scale={scale} place={place} />
          </td>
          <td class="n soft">{intervalText(variant.overTasks)}</td>
        </tr>
      ))}
    </Table>
  );
}

function settingText({ settings, chosen, grid }: VariantResults): string {
  const own = settingsText({ ...settings, ...chosen });
  const open = grid.length > 0 && chosen === null ? 'not yet chosen' : '';
  return [own, open].filter((part) => part !== '').join(', ') || 'as in the recipe';
}

export const intervalText = (interval: readonly [number, number] | null | undefined) =>
  interval ? `${percent(interval[0])} to ${percent(interval[1])}` : '–';

type Scale = (share: number) => number;

/** Places accuracies between the lowest and the highest that the table shows, in per cent of the width. */
function scaleOf(variants: readonly VariantResults[]): Scale {
  const values = variants.flatMap(({ runs, mean }) => [
    ...runs.map(({ test }) => test),
    ...(mean?.interval ?? []),
  ]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = high > low ? high - low : 1;
  return (share) => 4 + (92 * (share - low)) / room;
}

/** The mean, its interval and every seed on a line; the numbers stand beside it. */
function Range({
  variant: { runs, mean },
  scale,
  place,
}: {
  readonly variant: VariantResults;
  readonly scale: Scale;
  readonly place: number;
}) {
  const background = `var(${colourName(place)})`;
  return (
    <div class="range" aria-hidden="true">
      {mean?.interval && (
        <i
          class="interval"
          style={{
            background,
            left: `${scale(mean.interval[0])}%`,
            width: `${scale(mean.interval[1]) - scale(mean.interval[0])}%`,
          }}
        />
      )}
      {runs.map((run) => (
        <i
          key={run.job}
          style={{ background, left: `${scale(run.test)}%` }}
          title={`seed ${run.seed}: ${percent(run.test)}`}
        />
      ))}
      {mean && <i class="mean" style={{ background, left: `${scale(mean.value)}%` }} />}
    </div>
  );
}
