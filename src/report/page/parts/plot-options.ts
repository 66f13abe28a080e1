import type uPlot from 'uplot';
import { COLOURS, type Colour, colourName } from './colours.ts';
import { axes, drawMarks } from './plot-axes.ts';
import type { PlotContent, PlotLine } from './plot-content.ts';

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
