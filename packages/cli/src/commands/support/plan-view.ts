// Shows the estimate of a configuration.

import type * as z from "zod";
import type { CommandContext } from "../../command.ts";
import type { planOptions } from "../plan.ts";
import { missingPart } from "./missing-part.ts";

export async function describePlan(_options: z.infer<typeof planOptions>, _context: CommandContext): Promise<void> {
  throw missingPart("myna plan", "@myna/training with an estimate of parameters, work and memory");
}
