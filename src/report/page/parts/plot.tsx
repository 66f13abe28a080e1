import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Colour } from './colours.ts';
import type { PlotContent } from './plot-content.ts';
import { columns, plotOptions, structureOf } from './plot-options.ts';
import { useTheme } from './theme.tsx';
import { useNear, useWidth } from './use-frame.ts';

/**
 * Draws lines with uPlot. It draws on a canvas, and 10 runs of 10,000 steps in a dozen charts are 60,000 points after
 * decimation: a chart of them takes uPlot a few milliseconds, and SVG, as Observable Plot makes it, a few hundred. Its
 * 50 KB also weigh a fifth of Plot with D3, in a page that carries its script.
 *
 * A chart is made when it first comes near the screen. With the keyboard it is a slider over its points.
 */
export function Plot({
  content,
  height,
  label,
  textAt,
  onPoint,
}: {
  readonly content: PlotContent;
  readonly height: number;
  readonly label: string;
  /** What a point shows, in words. */
  readonly textAt: (index: number) => string;
  readonly onPoint?: (index: number | null) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useTheme();
  const near = useNear(frame);
  const width = useWidth(frame);
  const latest = useRef(content);
  latest.current = content;
  /** What the plot has been given. */
  const drawn = useRef<PlotContent>(undefined);
  const [index, setIndex] = useState<number | null>(null);
  const last = content.x.length - 1;

  useEffect(() => {
    if (!near || width === 0 || frame.current === null) return;
    const options = plotOptions(() => latest.current, { width, height }, colourOf(frame.current));
    options.hooks!.setCursor = [
      ({ cursor }) => {
        setIndex(cursor.idx ?? null);
        onPoint?.(cursor.idx ?? null);
      },
    ];
    plot.current = new uPlot(options, columns(content), frame.current);
    drawn.current = content;
    return () => {
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [near, width, height, theme, structureOf(content)]);
  useEffect(() => {
    if (drawn.current === content) return;
    drawn.current = content;
    plot.current?.setData(columns(content));
  }, [content]);

  const goTo = (to: number) => {
    const left = plot.current?.valToPos(content.x[to]!, 'x');
    if (left !== undefined) plot.current!.setCursor({ left, top: height / 3 });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = pointAfter(event.key, index ?? last, last);
    if (to === undefined) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <div
      class="plot"
      ref={frame}
      style={{ minHeight: `${height}px` }}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last)}
      aria-valuenow={index ?? Math.max(0, last)}
      aria-valuetext={last < 0 ? '' : textAt(index ?? last)}
      onKeyDown={onKeyDown}
    />
  );
}

function pointAfter(key: string, index: number, last: number): number | undefined {
  const page = Math.max(1, Math.round(last / 10));
  const moves: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - page,
    PageUp: index + page,
    Home: 0,
    End: last,
  };
  const to = moves[key];
  return to === undefined ? undefined : Math.min(Math.max(to, 0), last);
}

/** Resolves colours of the style sheet: the canvas takes neither custom properties nor light-dark(). */
function colourOf(frame: HTMLElement): Colour {
  const probe = document.createElement('span');
  frame.append(probe);
  const resolved = new Map<string, string>();
  const resolve = (name: string) => {
    probe.style.color = `var(${name})`;
    if (!probe.isConnected) frame.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
  return (name, alpha = 1) => {
    const colour = resolved.get(name) ?? resolve(name);
    resolved.set(name, colour);
    return alpha === 1 ? colour : colour.replace('rgb(', 'rgba(').replace(')', `, ${alpha})`);
  };
}
