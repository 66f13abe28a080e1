/** Reads a colour of the style sheet as the canvas takes it. */
export type Colour = (name: string, alpha?: number) => string;

export const COLOURS = 8;
export const colourName = (place: number) => `--c${place % COLOURS}`;
