/** The report's style sheet: system fonts, one accent colour, light and dark mode. */
export const style = `
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #ffffff; --ink: #1c1d1f; --soft: #63666c; --rule: #e4e4df;
  --accent: #1f6f8b; --faint: #1f6f8b40; --warm: #c2571a; --good: #2f7d4f; --bad: #b3372f; }
@media (prefers-color-scheme: dark) { :root { --paper: #141517; --card: #1d1f22; --ink: #ececea; --soft: #9a9da3; --rule: #303338;
  --accent: #5fb8d6; --faint: #5fb8d64d; --warm: #eb9459; --good: #6bc48d; --bad: #ea7d74; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 72px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 44px 0 14px; }
h3 { font-size: 15px; margin: 0; }
.lead { color: var(--soft); margin: 0 0 26px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(185px, 1fr)); gap: 12px; margin: 0; }
.tiles > div, .chart { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tiles > div { padding: 14px 16px; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 2px 0 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
dd small { display: block; font-size: 13px; font-weight: 400; color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 14px; }
.chart { margin: 0; padding: 14px 16px 6px; }
.chart p { margin: 0 0 6px; color: var(--soft); font-size: 13px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.grid { stroke: var(--rule); }
.tick { fill: var(--soft); font-size: 11.5px; font-variant-numeric: tabular-nums; }
.line, .raw, .interval { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.raw { stroke: var(--faint); stroke-width: 1.2; }
.interval { stroke-width: 1.4; opacity: 0.65; }
.dot { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; }
.spot { fill: transparent; }
.spot:hover { fill: var(--accent); }
.mark { stroke: var(--warm); stroke-dasharray: 2 4; stroke-width: 1.4; }
.mark-label { fill: var(--warm); font-size: 11.5px; }
.scroll { overflow-x: auto; margin: 10px 0 26px; border: 1px solid var(--rule); border-radius: 10px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 8px 12px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
.text { font-family: ui-monospace, monospace; font-size: 12.5px; white-space: pre-wrap; overflow-wrap: anywhere; min-width: 180px; max-width: 520px; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); }
details { border: 1px solid var(--rule); border-radius: 10px; background: var(--card); padding: 10px 16px; }
summary { cursor: pointer; }
pre { overflow-x: auto; font: 12.5px/1.5 ui-monospace, monospace; margin: 10px 0 4px; }
footer { color: var(--soft); font-size: 13px; margin-top: 40px; }
`;
