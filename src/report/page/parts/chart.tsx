import { useMemo, useState } from 'preact/hooks';
import { colourName } from './colours.ts';
import { Plot } from './plot.tsx';
import type { PlotContent, PlotLine } from './plot-content.ts';

/** Rows of the table beside a chart. */
const ROWS = 24;

/** A chart with its title, its legend, which shows the values under the pointer, and its numbers as a table. */
export function Chart({
  title,
  note,
  content,
  height = 210,
  axis = 'step',
  bare = false,
}: {
  readonly title: string;
  readonly note?: string | undefined;
  readonly content: PlotContent;
  readonly height?: number;
  /** What the x axis counts. */
  readonly axis?: string;
  /** Without a table, where many charts stand side by side. */
  readonly bare?: boolean;
}) {
  const [index, setIndex] = useState<number | null>(null);
  const { x, lines } = content;
  const at = Math.min(index ?? x.length - 1, x.length - 1);
  const textAt = (i: number) =>
    `${axis} ${stepText(x[i]!)}: ${lines.map((line) => `${line.name} ${valueText(content, line, i)}`).join('; ')}`;
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        {note !== undefined && note !== '' && <p>{note}</p>}
      </figcaption>
      <ul class="legend" aria-hidden="true">
        {lines.map((line) => (
          <li key={line.name}>
            <span class="swatch" style={{ background: `var(${colourName(line.place)})` }} />
            {lines.length > 1 && `${line.name} `}
            <b>{lines.length > 1 ? numberText(content, line, at) : valueText(content, line, at)}</b>
          </li>
        ))}
        <li class="at">{x.length > 0 && `${axis} ${stepText(x[at]!)}`}</li>
      </ul>
      <Plot content={content} height={height} label={`Chart: ${title}`} textAt={textAt} onPoint={setIndex} />
      {!bare && <Numbers title={title} axis={axis} content={content} />}
    </figure>
  );
}

function numberText({ format }: PlotContent, { values }: PlotLine, i: number): string {
  const value = values[i];
  return value === null || value === undefined ? '–' : format(value);
}

/** A value with its band, or with the step's own behind a running mean. */
function valueText(content: PlotContent, line: PlotLine, i: number): string {
  const { format } = content;
  const [from, to, raw] = [line.low?.[i], line.high?.[i], line.raw?.[i]];
  const range =
    typeof from === 'number' && typeof to === 'number' ? ` (${format(from)} to ${format(to)})` : '';
  const behind = typeof raw === 'number' ? ` (this step ${format(raw)})` : '';
  return numberText(content, line, i) + range + behind;
}

const stepText = (x: number) => (Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(4))));

/** The numbers of a chart, for who can't see it or wants to copy them: evenly spaced rows, the last among them. */
function Numbers({
  title,
  axis,
  content,
}: {
  readonly title: string;
  readonly axis: string;
  readonly content: PlotContent;
}) {
  const [open, setOpen] = useState(false);
  const { x, lines } = content;
  const rows = useMemo(() => {
    const every = Math.max(1, Math.ceil(x.length / ROWS));
    return x.map((_, i) => i).filter((i) => i % every === 0 || i === x.length - 1);
  }, [x]);
  return (
    <details onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        Numbers<span class="unseen"> of {title}</span>
      </summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus to be scrolled by keys.
        <section class="scroll" tabIndex={0} aria-label={`Numbers of ${title}`}>
          <table>
            <caption class="unseen">{`${title}: ${rows.length} of ${x.length} points`}</caption>
            <thead>
              <tr>
                <th scope="col">{axis}</th>
                {lines.map((line) => (
                  <th key={line.name} scope="col" class="n">
                    {line.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((i) => (
                <tr key={i}>
                  <th scope="row">{stepText(x[i]!)}</th>
                  {lines.map((line) => (
                    <td key={line.name} class="n">
                      {valueText(content, line, i)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
