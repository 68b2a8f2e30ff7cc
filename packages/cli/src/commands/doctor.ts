// `myna doctor`: what this machine can do, what is wrong, how to fix it.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../errors.ts";
import { wrap } from "../terminal/width.ts";
import { runChecks } from "./support/health-checks.ts";

const options = z.object({
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(3000)
    .describe("Port that npm start would use")
    .meta({ environment: "PORT" }),
});

export const doctor = defineCommand({
  name: "doctor",
  summary: "Tells what this machine can do, what is wrong and how to fix it",
  options,
  async run({ port }, context) {
    const findings = await runChecks({ home: context.home, port, environment: context.environment });
    const hasProblem = findings.some((finding) => finding.level === "problem");
    if (context.isJson) {
      context.output.write(`${JSON.stringify(findings)}\n`);
    } else {
      const { palette } = context;
      const marks = { good: palette.green("✓"), remark: palette.yellow("!"), problem: palette.red("✗") };
      for (const { level, name, text, fix } of findings) {
        context.output.write(`${marks[level]} ${name.padEnd(14)} ${text}\n`);
        if (fix === undefined) continue;
        const columns = Math.min(context.output.columns ?? 80, 100) - 18;
        for (const line of wrap(`To fix: ${fix}.`, columns)) context.output.write(`${" ".repeat(17)}${line}\n`);
      }
    }
    return hasProblem ? exitCodes.internalError : exitCodes.done;
  },
});
