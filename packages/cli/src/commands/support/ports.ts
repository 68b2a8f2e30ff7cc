// Asks the operating system whether a port can be listened on.

import { createServer } from "node:net";

/** True if a server could listen there now. Errors other than a taken port (no such address) are thrown. */
export function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** The first free port from `first` on; any free one if the next fifty are taken. */
export async function findFreePort(first: number, host: string): Promise<number> {
  for (let port = first; port < Math.min(first + 50, 65_536); port++) if (await isPortFree(port, host)) return port;
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ port: 0, host }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
