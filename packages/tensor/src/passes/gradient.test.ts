// What withGradients adds to a program and what it refuses; single rules are tested beside themselves.
import { describe, expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { symbolicLength } from "../ir/symbolic-length.ts";
import { reshape } from "../ops/axes.ts";
import { add, cast, equal, exp, multiply, stopGradient, where } from "../ops/elementwise.ts";
import { matMul } from "../ops/linear-algebra.ts";
import { softmax } from "../ops/normalisation.ts";
import { mean, sum } from "../ops/reductions.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { gradientError } from "../testing/gradient-error.ts";
import { randomTensors } from "../testing/random-tensors.ts";
import { record, withScope } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { type TensorRecord, traceProgram } from "../trace/trace-program.ts";
import { withGradients } from "./gradient.ts";

const spec = (shape: number[], type: "float32" | "float64" | "int64" = "float64") => ({ type, shape });

const trace = (body: (inputs: TensorRecord) => Tensor, name = "loss") =>
  traceProgram({ x: spec([2, 3]), y: spec([2, 3]), ids: spec([2], "int64") }, (inputs) => ({ [name]: body(inputs) }));

describe("withGradients", () => {
  test("appends the backward pass and leaves the program's own operations and outputs as they were", () => {
    const program = trace(({ x, y }) => sum(multiply(x!, y!)));
    const differentiated = withGradients(program, { of: "loss", to: ["x"] });
    expect(differentiated.operations.slice(0, program.operations.length)).toEqual(program.operations);
    expect(printProgram(differentiated)).toBe(
      [
        "inputs x: f64[2, 3], y: f64[2, 3], ids: i64[2]",
        "  %0: f64[2, 3] = multiply(x, y)",
        "  %1: f64[] = reduceSum{axes=[0, 1], keepDimensions=false}(%0)",
        "  %2: f64[] = constant{1}()",
        "  %3: f64[2, 3] = broadcastTo{shape=[2, 3]}(%2)",
        "  %4: f64[2, 3] = multiply(%3, y)",
        "outputs loss: %1, gradient.x: %4",
      ].join("\n"),
    );
  });

  test("records nothing for inputs whose gradient nobody wants", () => {
    const program = trace(({ x, y }) => sum(multiply(exp(x!), exp(y!))));
    const count = (to: string[]) => withGradients(program, { of: "loss", to }).operations.length;
    expect(count(["x"])).toBe(count(["y"]));
    expect(count(["x", "y"])).toBe(count(["x"]) + 2); // y's product with the gradient, then with its own exponential
  });

  test("gives zeros for an input that the loss does not depend on", () => {
    const program = trace(({ x }) => sum(x!));
    const { x, y } = { x: randomTensors(1).floats([2, 3]), y: randomTensors(2).floats([2, 3]) };
    const ids = randomTensors(1).integers([2], 2);
    const results = evaluateProgram(withGradients(program, { of: "loss", to: ["x", "y"] }), { x, y, ids });
    expect([...results["gradient.x"]!.data]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...results["gradient.y"]!.data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(results["gradient.y"]!.shape).toEqual([2, 3]);
  });

  test("ends at stopGradient and at truth values", () => {
    const { x, y } = { x: randomTensors(1).floats([2, 3]), y: randomTensors(2).floats([2, 3]) };
    const ids = randomTensors(1).integers([2], 2);
    const gradientOf = (body: (inputs: TensorRecord) => Tensor) =>
      evaluateProgram(withGradients(trace(body), { of: "loss", to: ["x"] }), { x, y, ids })["gradient.x"]!.data;
    expect([...gradientOf(({ x }) => sum(multiply(stopGradient(x!), x!)))]).toEqual([...x.data]); // x, and not 2x
    expect([...gradientOf(({ x, y }) => sum(where(equal(x!, y!), 1, y!)))]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...gradientOf(({ x }) => sum(cast(cast(x!, "int64"), "float64")))]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("adds the gradients of every path from an input to the loss", () => {
    const random = randomTensors(5);
    const inputs = { x: random.floats([2, 3]), y: random.floats([3, 2]) };
    const error = gradientError(inputs, ({ x, y }) => {
      const product = matMul(x!, y!); // [2, 2]
      return add(matMul(softmax(product), product), multiply(product, reshape(sum(x!), [1, 1])));
    });
    expect(error).toBeLessThan(1e-8);
  });

  test("is right where the loss is an input reshaped, or not the last thing computed", () => {
    const x = { type: "float64" as const, shape: [1, 1], data: Float64Array.of(3) };
    const program = traceProgram({ x }, (inputs) => {
      const loss = reshape(inputs.x!, []);
      return { loss, after: multiply(exp(loss), inputs.x!) };
    });
    const results = evaluateProgram(withGradients(program, { of: "loss", to: ["x"] }), { x });
    expect(results["gradient.x"]).toMatchObject({ shape: [1, 1], data: Float64Array.of(1) });
  });

  test("can be applied again: second derivatives of simple operations", () => {
    const x = { type: "float64" as const, shape: [], data: Float64Array.of(2) };
    const once = traceProgram({ x }, (inputs) => ({ loss: multiply(multiply(inputs.x!, inputs.x!), inputs.x!) }));
    const first = withGradients(once, { of: "loss", to: ["x"] });
    const renamed = { ...first, outputs: new Map([["slope", first.outputs.get("gradient.x")!]]) };
    const results = evaluateProgram(withGradients(renamed, { of: "slope", to: ["x"] }), { x });
    expect(Number(results.slope!.data[0])).toBeCloseTo(12, 12);
    expect(Number(results["gradient.x"]!.data[0])).toBeCloseTo(12, 12);
  });

  test("carries symbolic lengths, which means count when the program runs", () => {
    const [batch, time] = [symbolicLength("batch"), symbolicLength("time")];
    const program = traceProgram({ x: spec([batch, time, 2]), w: spec([2, 3]) }, ({ x, w }) => ({
      loss: mean(multiply(matMul(x!, w!), matMul(x!, w!))),
    }));
    const random = randomTensors(8);
    const inputs = { x: random.floats([2, 3, 2]), w: random.floats([2, 3]) };
    const found = evaluateProgram(withGradients(program, { of: "loss", to: ["x", "w"] }), inputs);
    const fixed = traceProgram(inputs, ({ x, w }) => ({ loss: mean(multiply(matMul(x!, w!), matMul(x!, w!))) }));
    const expected = evaluateProgram(withGradients(fixed, { of: "loss", to: ["x", "w"] }), inputs);
    for (const name of ["gradient.x", "gradient.w"]) {
      found[name]!.data.forEach((value, i) => {
        expect(Number(value)).toBeCloseTo(Number(expected[name]!.data[i]), 14);
      });
    }
  });

  test("writes the backward pass of an operation under that operation's scope", () => {
    const program = trace(({ x }) => withScope("layers.0", () => withScope("mlp", () => sum(exp(x!)))));
    const scopes = withGradients(program, { of: "loss", to: ["x"] }).operations.map(({ scope }) => scope);
    expect(new Set(scopes.slice(program.operations.length + 1))).toEqual(new Set(["layers.0.mlp"]));
  });
});

describe("withGradients refuses", () => {
  const program = trace(({ x }) => sum(x!));
  const pairs: [string, () => unknown, string][] = [
    ["an unknown output", () => withGradients(program, { of: "lost", to: ["x"] }),
      'withGradients: found "lost" to differentiate; expected one of loss. To fix: name one of the outputs.'],
    ["an unknown input", () => withGradients(program, { of: "loss", to: ["z"] }),
      'withGradients: found "z" to differentiate by; expected one of x, y, ids. To fix: name one of the inputs.'],
    ["a loss of several numbers", () => withGradients(trace(({ x }) => exp(x!)), { of: "loss", to: ["x"] }),
      'withGradients: found output "loss" of type float64[2, 3]; expected one float. To fix: sum or average it first.'],
    ["a loss that is an integer", () => withGradients(trace(({ ids }) => sum(ids!)), { of: "loss", to: ["x"] }),
      'withGradients: found output "loss" of type int64[]; expected one float. To fix: sum or average it first.'],
    ["an input of integers", () => withGradients(program, { of: "loss", to: ["ids"] }),
      'withGradients: found input "ids" of type int64; expected an input of floats. To fix: leave it out: integers have no gradient.'],
    ["a name that is taken",
      () => withGradients({ ...program, outputs: new Map([...program.outputs, ["gradient.x", program.outputs.get("loss")!]]) }, { of: "loss", to: ["x"] }),
      'withGradients: found an output already called "gradient.x"; expected a free name. To fix: rename that output.'],
    ["an operator that exists for inference only",
      () => withGradients(
        traceProgram({ x: spec([2, 3]), w: spec([3]) }, ({ x, w }) => ({
          loss: withScope("layers.1", () =>
            sum(new Tensor(record("skipRmsNorm", [x!.value, x!.value, w!.value], { epsilon: 1e-6 })[0]!))),
        })),
        { of: "loss", to: ["w"] }),
      "gradient of skipRmsNorm in layers.1: found skipRmsNorm between an input and the loss; expected no such operator: it exists for inference only. To fix: train with the uncached, unquantised operations, and quantise or cache after training."],
    ["a loss read off an extra output",
      () => withGradients(
        traceProgram({ x: spec([2, 3]), w: spec([3]) }, ({ x, w }) => ({
          loss: sum(new Tensor(record("rmsNorm", [x!.value, w!.value], { epsilon: 1e-6 })[1]!)),
        })),
        { of: "loss", to: ["x"] }),
      "gradient of rmsNorm: found a loss that depends on its output 1; expected a loss that depends on its first output only: the others serve its gradient. To fix: compute that quantity with separate operations, and take gradients once."],
  ]; // biome-ignore format: pairs of a call and its message
  test.each(pairs)("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
