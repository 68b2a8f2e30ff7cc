// Whether the tensor engine runs here, and which way.

import type { Finding } from "./health-checks.ts";
import { missingPart } from "./missing-part.ts";

export async function describeRuntime(): Promise<Finding> {
  throw missingPart("the tensor engine", "@myna/tensor with openRuntime()");
}
