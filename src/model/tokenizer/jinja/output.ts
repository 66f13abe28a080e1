/** A stretch of text, from a place up to another, in JavaScript's units. */
export type Span = readonly [start: number, end: number];

/** What a template writes, with the stretches that stand in `{% generation %}` blocks. */
export class Output {
  private readonly parts: string[] = [];
  private length = 0;
  readonly generated: Span[] = [];

  write(text: string): void {
    this.parts.push(text);
    this.length += text.length;
  }

  /** Writes text that counts as the assistant's. */
  writeGenerated(text: string): void {
    this.generated.push([this.length, this.length + text.length]);
    this.write(text);
  }

  toString(): string {
    return this.parts.join('');
  }
}
