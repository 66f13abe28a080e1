import type { ComponentChildren } from 'preact';

/** A table that scrolls by itself where it is wider than the screen. */
export function Table({
  caption,
  head,
  children,
}: {
  readonly caption: string;
  /** Column titles; those that begin with '#' are of numbers. */
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}) {
  return (
    <div class="box table">
      <p class="caption" aria-hidden="true">
        {caption}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus to be scrolled by keys. */}
      <section class="scroll" tabIndex={0} aria-label={caption}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {head.map((title) => (
                <th key={title} scope="col" class={title.startsWith('#') ? 'n' : ''}>
                  {title.replace(/^#/, '')}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </section>
    </div>
  );
}
