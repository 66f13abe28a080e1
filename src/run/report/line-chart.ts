import { escapeHtml } from './escape-html.ts';
import { smooth } from './smooth.ts';
import { shortNumber, ticks } from './ticks.ts';

/** A value at a step, with its interval if it has one. */
export interface Point {
  readonly step: number;
  readonly value: number;
  readonly interval?: readonly [number, number];
}

export interface Chart {
  readonly title: string;
  /** One line about what the chart shows, or ''. */
  readonly note: string;
  readonly points: readonly Point[];
  /** Number of steps of the run: the width of the x axis. */
  readonly steps: number;
  /** The y axis covers at least this range. */
  readonly range?: readonly [number, number];
  /** True to draw a running mean over the values. */
  readonly smoothed?: boolean;
  readonly format?: (value: number) => string;
  /** A step to mark with a dotted line, and its name. */
  readonly mark?: { readonly step: number; readonly label: string };
}

const WIDTH = 560;
const HEIGHT = 250;
const MARGIN = { left: 52, right: 14, top: 24, bottom: 30 };

interface Scales {
  readonly x: (step: number) => number;
  readonly y: (value: number) => number;
  readonly yTicks: readonly number[];
}

/**
 * Draws a line chart as inline SVG in a figure, without scripts or external files. Points show their value on hover.
 */
export function lineChart(chart: Chart): string {
  const scales = makeScales(chart);
  const description = chart.note === '' ? chart.title : `${chart.title}: ${chart.note}`;
  const note = chart.note === '' ? '' : `<p>${escapeHtml(chart.note)}</p>`;
  return `<figure class="chart"><figcaption><h3>${escapeHtml(chart.title)}</h3>${note}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(description)}">
${axes(chart, scales)}${mark(chart, scales)}${intervals(chart, scales)}${curves(chart, scales)}${dots(chart, scales)}
</svg></figure>`;
}

function makeScales({ points, steps, range }: Chart): Scales {
  const values = [...(range ?? []), ...points.flatMap(({ value, interval }) => [value, ...(interval ?? [])])];
  // Math.min(...values) would fail for a long run: a call takes only a limited number of arguments.
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const padded =
    high > low ? [low, high] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const yTicks = ticks(padded[0]!, padded[1]!, 4);
  const [bottom, top] = [yTicks[0]!, yTicks.at(-1)!];
  const [w, h] = [WIDTH - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
  return {
    x: (step) => MARGIN.left + (w * step) / Math.max(1, steps),
    y: (value) => MARGIN.top + h * (1 - (value - bottom) / (top - bottom)),
    yTicks,
  };
}

function axes({ steps, format = shortNumber }: Chart, { x, y, yTicks }: Scales): string {
  const right = WIDTH - MARGIN.right;
  const short = yTicks.map(format);
  // If two ticks would have the same label, all ticks show all their digits.
  const labels = new Set(short).size === short.length ? short : yTicks.map(String);
  const rows = yTicks.map((tick, i) => {
    const at = y(tick).toFixed(1);
    return `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${at}" y2="${at}"/><text class="tick" x="${MARGIN.left - 8}" y="${at}" dy="0.32em" text-anchor="end">${escapeHtml(labels[i]!)}</text>`;
  });
  const whole = ticks(0, steps, 6).filter((tick) => Number.isInteger(tick) && tick <= steps);
  const columns = whole.map(
    (tick) =>
      `<text class="tick" x="${x(tick).toFixed(1)}" y="${HEIGHT - 10}" text-anchor="middle">${tick}</text>`,
  );
  return [...rows, ...columns].join('');
}

function mark({ mark: marked }: Chart, { x }: Scales): string {
  if (marked === undefined) return '';
  const at = x(marked.step).toFixed(1);
  return `<line class="mark" x1="${at}" x2="${at}" y1="${MARGIN.top - 6}" y2="${HEIGHT - MARGIN.bottom}"/><text class="mark-label" x="${at}" y="${MARGIN.top - 11}" text-anchor="middle">${escapeHtml(marked.label)}</text>`;
}

function intervals({ points }: Chart, { x, y }: Scales): string {
  return points
    .filter((point) => point.interval !== undefined)
    .map(({ step, interval }) => {
      const [at, low, high] = [x(step), y(interval![0]), y(interval![1])].map((n) => n.toFixed(1));
      const [left, right] = [x(step) - 4, x(step) + 4].map((n) => n.toFixed(1));
      return `<path class="interval" d="M${at} ${low}V${high}M${left} ${low}H${right}M${left} ${high}H${right}"/>`;
    })
    .join('');
}

function curves({ points, smoothed }: Chart, scales: Scales): string {
  if (!smoothed || points.length < 10) return curve('line', points, scales);
  const reach = Math.max(2, Math.round(points.length / 40));
  const means = smooth(
    points.map((point) => point.value),
    reach,
  );
  const mean = points.map(({ step }, i) => ({ step, value: means[i]! }));
  return curve('raw', points, scales) + curve('line', mean, scales);
}

function curve(className: string, points: readonly Point[], { x, y }: Scales): string {
  const path = points.map(({ step, value }) => `${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join('L');
  return path === '' ? '' : `<path class="${className}" d="M${path}"/>`;
}

/** Draws the dots that show a value on hover: at most about 300, evenly spaced. */
function dots({ points, format = shortNumber }: Chart, { x, y }: Scales): string {
  const every = Math.ceil(points.length / 300);
  return points
    .filter((_, i) => i % every === 0 || i === points.length - 1)
    .map(({ step, value, interval }) => {
      const range = interval ? ` (${format(interval[0])} to ${format(interval[1])})` : '';
      const label = `step ${step}: ${format(value)}${range}`;
      return `<circle class="${interval ? 'dot' : 'spot'}" cx="${x(step).toFixed(1)}" cy="${y(value).toFixed(1)}" r="${interval ? 3.5 : 5}"><title>${escapeHtml(label)}</title></circle>`;
    })
    .join('');
}
