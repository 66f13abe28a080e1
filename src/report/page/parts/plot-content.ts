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
