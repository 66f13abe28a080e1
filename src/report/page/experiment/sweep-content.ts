import type { TaskResults } from '../../experiment-results.ts';
import { percent } from '../../format.ts';
import type { PlotContent, PlotLine } from '../parts/plot-content.ts';

/** A chart of accuracies over the values of a field. */
export interface Sweep {
  readonly field: string;
  /** The last part of the field's path. */
  readonly name: string;
  readonly content: PlotContent;
}

interface Point {
  readonly x: number;
  readonly value: number;
  readonly interval?: readonly [number, number] | null;
}

/** The grids of all variants that sweep one numeric field, a chart for each field. */
export function sweepOfGrids({ variants }: TaskResults): Sweep[] {
  const lines = variants.map(({ name, grid }, place) => {
    const field = soleField(grid.map(({ settings }) => settings));
    const points = grid.flatMap(({ settings, validation }) =>
      validation === null || field === undefined ? [] : [{ x: Number(settings[field]), value: validation }],
    );
    return { name, place, field, points };
  });
  const fields = [...new Set(lines.flatMap(({ field, points }) => (points.length > 1 ? (field ?? []) : [])))];
  return fields.map((field) =>
    sweep(
      field,
      lines.filter((line) => line.field === field),
    ),
  );
}

/** The variants of an ablation that differ in one numeric field. */
export function sweepOfVariants({ variants }: TaskResults): Sweep | undefined {
  const field = soleField(variants.map(({ settings }) => settings));
  if (field === undefined) return undefined;
  const points = variants.flatMap(({ settings, mean }) =>
    mean === null ? [] : [{ x: Number(settings[field]), value: mean.value, interval: mean.interval }],
  );
  return points.length < 2 ? undefined : sweep(field, [{ name: 'mean', place: 0, points }]);
}

/** The one field that all settings have, if its values are numbers that differ. */
function soleField(settings: readonly Readonly<Record<string, unknown>>[]): string | undefined {
  const [first] = settings;
  if (first === undefined) return undefined;
  const varying = Object.keys(first).filter(
    (field) => new Set(settings.map((own) => JSON.stringify(own[field]))).size > 1,
  );
  const [field] = varying;
  if (field === undefined || varying.length > 1) return undefined;
  return settings.every((own) => typeof own[field] === 'number') ? field : undefined;
}

function sweep(
  field: string,
  lines: readonly { readonly name: string; readonly place: number; readonly points: readonly Point[] }[],
): Sweep {
  const x = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const [low, high] = [x[0]!, x.at(-1)!];
  const logarithmic = low > 0 && high / low >= 5;
  const margin = (high - low) * 0.06;
  return {
    field,
    name: field.split('.').at(-1)!,
    content: {
      x,
      lines: lines.map(({ name, place, points }) => ({ name, place, ...valuesAt(x, points) })),
      span: logarithmic ? [low / 1.25, high * 1.25] : [low - margin, high + margin],
      logarithmic,
      dots: true,
      labelPoints: x.length <= 8,
      format: percent,
    },
  };
}

function valuesAt(x: readonly number[], points: readonly Point[]): Pick<PlotLine, 'values' | 'low' | 'high'> {
  const at = x.map((value) => points.find((point) => point.x === value));
  const values = at.map((point) => point?.value ?? null);
  if (!points.some(({ interval }) => interval)) return { values };
  return {
    values,
    low: at.map((point) => point?.interval?.[0] ?? null),
    high: at.map((point) => point?.interval?.[1] ?? null),
  };
}
