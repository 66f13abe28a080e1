import type uPlot from 'uplot';
import { type Colour, colourName } from './colours.ts';
import type { PlotContent } from './plot-content.ts';

/** The axes of a plot, in the page's colours. A small plot has its labels closer together. */
export function axes({ format, labelPoints, x }: PlotContent, small: boolean, colour: Colour): uPlot.Axis[] {
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

/** Draws the marks of a plot: dotted lines with their names above. */
export function drawMarks(plot: uPlot, { marks = [] }: PlotContent, colour: Colour): void {
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
