/** GET /health: for people, scripts and load balancers. */
import * as z from "zod";

export const healthSchema = z
  .object({
    status: z.enum(["ok", "closing"]),
    version: z.string(),
    model: z.string(),
    uptimeSeconds: z.number().min(0),
    /** Answers of our own API that are being written. */
    runningAnswers: z.int().min(0),
  })
  .meta({ id: "Health" });
export type Health = z.infer<typeof healthSchema>;
