/** What an evaluation rule is given and returns: the data of each output, in the order of the shape rule. */
import type { ResultType } from "../shape.ts";
import type { EvaluatedData, EvaluatedTensor } from "./evaluated-tensor.ts";

export type EvaluationRule<Attributes> = (
  inputs: readonly EvaluatedTensor[],
  attributes: Attributes,
  /** Type and shape of each output, every length known. */
  results: readonly ResultType[],
) => readonly EvaluatedData[];
