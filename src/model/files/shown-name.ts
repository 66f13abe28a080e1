/** A name from a file as a message shows it: in quotes, on one line, and not for ever. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
