import type uPlot from 'uplot';

type Values = readonly (number | null)[];

/** What a plot draws. */
export interface PlotLine {
  readonly name: string;
  /** Which of the page's colours. */
  readonly place: number;
  readonly values: Values;
  readonly low?: Values;
  readonly high?: Values;
  readonly raw?: Values;
}

export interface PlotContent {
  /** [N], ascending */
  readonly x: readonly number[];
  readonly lines: readonly PlotLine[];
  /** The y axis covers at least this range. */
  readonly range?: readonly [number, number] | undefined;
  /** The x axis covers this range. */
  readonly span: readonly [number, number];
  readonly logarithmic?: boolean | undefined;
  readonly dots?: boolean | undefined;
  /** Labels the x axis at its points alone. */
  readonly labelPoints?: boolean | undefined;
  /** x values to mark with a dotted line, and their names. */
  readonly marks?: readonly { readonly x: number; readonly label: string; readonly place?: number }[];
  readonly format: (value: number) => string;
}

/** Reads a colour of the style sheet as the canvas takes it. */
export type Colour = (name: string, alpha?: number) => string;

const COLOURS = 8;
export const colourName = (place: number) => `--c${place % COLOURS}`;

/** What a change of content must not change for a plot to be kept. */
export const structureOf = ({ lines, dots, logarithmic, labelPoints, marks }: PlotContent): string =>
  JSON.stringify([
    lines.map(({ name, place, raw, low, values }) => [name, place, !raw, !low, values.length === 1]),
    [dots, logarithmic, labelPoints, !marks?.length],
  ]);

/** The aligned columns that uPlot takes: x, then for each line its high, low, raw (where it has them) and values. */
export function columns({ x, lines }: PlotContent): uPlot.AlignedData {
  const own = ({ high, low, raw, values }: PlotLine) =>
    [high, low, raw, values].filter((list) => list !== undefined);
  return [x, ...lines.flatMap(own)] as unknown as uPlot.AlignedData;
}

/**
 * The options of a plot. What it draws may change while its structure stays: then the next drawing takes the new
 * content, and the pointer stays where it is.
 */
export function plotOptions(
  current: () => PlotContent,
  size: { readonly width: number; readonly height: number },
  colour: Colour,
): uPlot.Options {
  const content = current();
  const { series, bands } = seriesOf(content, colour);
  return {
    ...size,
    series,
    bands,
    padding: [content.marks?.length ? 18 : 8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: () => [...current().span], distr: content.logarithmic ? 3 : 1 },
      y: { range: () => yRange(current()) },
    },
    axes: axes(content, size.height < 160, colour),
    hooks: { draw: [(plot) => drawMarks(plot, current(), colour)] },
  };
}

function seriesOf({ lines, dots }: PlotContent, colour: Colour) {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const line of lines) {
    const stroke = colour(colourName(line.place));
    const rest = { spanGaps: true, points: { show: false } };
    if (line.high && line.low) {
      bands.push({ series: [series.length, series.length + 1], fill: colour(colourName(line.place), 0.17) });
      series.push({ ...rest, width: 0 }, { ...rest, width: 0 });
    }
    if (line.raw) series.push({ ...rest, stroke: colour(colourName(line.place), 0.3), width: 1 });
    series.push({
      spanGaps: true,
      stroke,
      width: 2,
      ...(line.place >= COLOURS && { dash: [6, 4] }),
      points: { show: dots === true || line.values.length === 1, size: 6, fill: stroke },
    });
  }
  return { series, bands };
}

/** The range of all values, with a little room, or the range asked for where that is greater. */
function yRange({ lines, range }: PlotContent): [number, number] {
  let [low, high] = range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values, low: lows = [], high: highs = [], raw = [] } of lines) {
    for (const value of [...values, ...lows, ...highs, ...raw]) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(high >= low)) return [0, 1];
  const room = high > low ? (high - low) * 0.05 : (Math.abs(low) || 1) / 2;
  return [low === range?.[0] ? low : low - room, high === range?.[1] ? high : high + room];
}

function axes({ format, labelPoints, x }: PlotContent, small: boolean, colour: Colour): uPlot.Axis[] {
  const text = { stroke: colour('--soft'), font: '11.5px system-ui, sans-serif' };
  const lines = { stroke: colour('--rule'), width: 1 };
  return [
    {
      ...text,
      grid: { show: false },
      ticks: { ...lines, size: 4 },
      size: 30,
      gap: 4,
      ...(labelPoints && { splits: () => [...x], filter: (_: uPlot, splits: number[]) => splits }),
      values: (_, splits) => splits.map((split) => (split === null ? '' : axisNumber(split))),
    },
    {
      ...text,
      grid: lines,
      ticks: { show: false },
      size: (_, values) => Math.max(44, 12 + 6.8 * Math.max(...(values ?? ['']).map((text) => text.length))),
      gap: 6,
      space: small ? 24 : 36,
      values: (_, splits) => labels(splits, format),
    },
  ];
}

const axisNumber = (value: number) =>
  Math.abs(value) < 0.01 && value !== 0 ? value.toExponential() : String(value);

/** If two ticks would have the same label, all ticks show all their digits. */
function labels(splits: readonly number[], format: (value: number) => string): string[] {
  const short = splits.map(format);
  return new Set(short).size === short.length
    ? short
    : splits.map((split) => String(Number(split.toPrecision(12))));
}

function drawMarks(plot: uPlot, { marks = [] }: PlotContent, colour: Colour): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11.5 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  for (const { x, label, place } of marks) {
    const at = plot.valToPos(x, 'x', true);
    const stroke = place === undefined ? colour('--warm') : colour(colourName(place));
    ctx.strokeStyle = stroke;
    ctx.fillStyle = stroke;
    ctx.lineWidth = 1.4 * ratio;
    ctx.setLineDash([2 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top - 4 * ratio);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    const half = ctx.measureText(label).width / 2;
    const inside = Math.min(Math.max(at, bbox.left + half), bbox.left + bbox.width - half);
    ctx.fillText(label, inside, bbox.top - 7 * ratio);
  }
  ctx.restore();
}
