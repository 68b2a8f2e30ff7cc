// Where a link written by a model may lead. Everything else is shown as text.

const allowedProtocols = new Set(["http:", "https:", "mailto:"]);

/**
 * The address if a person may follow it from the page, else undefined.
 *
 * Only absolute http, https and mailto addresses pass: a relative one would lead into this server's own pages and routes,
 * and `javascript:` or `data:` would run or show what the model wrote.
 */
export function safeAddress(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return allowedProtocols.has(url.protocol) ? url.href : undefined;
}
