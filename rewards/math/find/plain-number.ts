/** Numbers alone, which the scanner of plain text reads as well as LaTeX does. */
const plainNumber =
  /^-?(?:[1-9]\d{0,2}(?:[ ,]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)\s*%?(?:[eE][-+]?\d+)?[.,]?$/;
export const isPlainNumber = (text: string): boolean => plainNumber.test(text);
