/** How the composites cut rows into blocks. */

/** Chunks [start, end) of `length` rows; `chunk` 0 means all rows at once, as does a length known only when running. */
export function chunkBounds(length: number, chunk: number): [start: number, end: number][] {
  if (chunk <= 0 || chunk >= length) return [[0, length]];
  const bounds: [number, number][] = [];
  for (let start = 0; start < length; start += chunk) bounds.push([start, Math.min(start + chunk, length)]);
  return bounds;
}
