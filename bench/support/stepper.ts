/** A training step that can be taken: the compiled program, its memory, clipping and AdamW. */
import {
  type ArenaView,
  adamwStep,
  type CompileOptions,
  compile,
  type Executable,
  gradientName,
  type HostTensor,
  hostTensor,
  sumOfSquares,
  WasmArena,
} from "@myna/tensor";
import {
  fillParameter,
  parameterShapes,
  randomNormal,
  type StepShape,
  type Style,
  tracedStep,
} from "./training-step.ts";

interface Trained {
  readonly name: string;
  readonly parameter: ArenaView;
  readonly gradient: ArenaView;
  readonly firstMoment: ArenaView;
  readonly secondMoment: ArenaView;
  readonly weightDecay: number;
}

export interface Stepper {
  readonly executable: Executable;
  /** One step; returns the loss before it. */
  step(): number;
}

/** The optimiser's settings, which the peer shares: nanoGPT's. */
const optimiser = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
const decay = 0.1;
const largestNorm = 1;

export function createStepper(style: Style, shape: StepShape, options: CompileOptions = {}): Stepper {
  const parameters = Object.entries(parameterShapes(style, shape));
  const sizes = parameters.map(([, lengths]) => lengths.reduce((a, b) => a * b, 1));
  const arena = new WasmArena(WasmArena.bytesFor(sizes.flatMap((size) => [size, size, size, size])));
  const normal = randomNormal(1);
  const inputs: Record<string, HostTensor> = {};
  const outputs: Record<string, HostTensor> = {};
  const trained: Trained[] = parameters.map(([name, lengths], index) => {
    const allocate = () => arena.allocate(sizes[index]!);
    const [parameter, gradient, firstMoment, secondMoment] = [allocate(), allocate(), allocate(), allocate()];
    const tensor = hostTensor("float32", lengths, parameter);
    fillParameter(name, tensor, normal);
    inputs[name] = tensor;
    outputs[gradientName(name)] = hostTensor("float32", lengths, gradient);
    return { name, parameter, gradient, firstMoment, secondMoment, weightDecay: lengths.length > 1 ? decay : 0 };
  });
  const rows = shape.batch * shape.time;
  const ids = (a: number, b: number) =>
    BigInt64Array.from({ length: rows }, (_, i) => BigInt((i * a + b) % shape.vocabulary));
  inputs.ids = hostTensor("int64", [shape.batch, shape.time], ids(7, 3));
  inputs.targets = hostTensor("int64", [rows], ids(11, 5));
  const loss = hostTensor("float32", []);
  outputs.loss = loss;
  const executable = compile(tracedStep(style, shape), options);
  const binding = executable.bind(inputs, outputs);
  let step = 0;
  return {
    executable,
    step() {
      step++;
      binding.run();
      const norm = Math.sqrt(trained.reduce((sum, { gradient }) => sum + sumOfSquares(gradient), 0));
      const gradientScale = Math.min(1, largestNorm / (norm + 1e-6)); // as PyTorch's clip_grad_norm_
      for (const one of trained) adamwStep({ ...one, ...optimiser, step, gradientScale });
      return loss.data[0]!;
    },
  };
}
