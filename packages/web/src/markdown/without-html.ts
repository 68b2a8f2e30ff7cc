// Stands in for rehype-raw (vite.config.ts): HTML that a model wrote is not parsed, by nothing that is on the page.

export default function rehypeRaw(): undefined {
  return undefined;
}
