/**
 * node measure-training-memory.ts CONFIG_JSON BATCH TIME: what a training step takes beside weights and gradients. A process
 * of its own, because memory once taken is not given back.
 */
import { decoder, decoderParameters, initialiseParameters, nextTokenLoss, parseDecoderConfig } from "@myna/models";
import {
  compile,
  eliminateCommonSubexpressions,
  gradientName,
  hostTensor,
  type TensorSpec,
  traceProgram,
  withGradients,
} from "@myna/tensor";

const [json, batch, time] = process.argv.slice(2).map((text) => JSON.parse(text));
const config = parseDecoderConfig(json);
const specs = decoderParameters(config);
const weights = initialiseParameters(config, 1);
const gradients = specs.map(({ name, shape }) => {
  const tensor = hostTensor("float32", shape);
  tensor.data.fill(1); // so that its pages exist before the measurement
  return [gradientName(name), tensor] as const;
});
const ids: TensorSpec = { type: "int64", shape: [batch, time] };
const forward = traceProgram({ tokens: ids, targets: ids, ...Object.fromEntries(weights) }, (x) => ({
  loss: nextTokenLoss(config, x, decoder(config, x, { tokens: x.tokens! }), x.targets!),
}));
const to = specs.map(({ name }) => name);
const executable = compile(withGradients(eliminateCommonSubexpressions(forward), { of: "loss", to }));
const tokens = hostTensor("int64", [batch, time]);
const binding = executable.bind(
  { tokens, targets: tokens, ...Object.fromEntries(weights) },
  { loss: hostTensor("float32", []), ...Object.fromEntries(gradients) },
);
const before = process.memoryUsage.rss();
let most = before;
for (let run = 0; run < 3; run++) {
  binding.run();
  most = Math.max(most, process.memoryUsage.rss(), process.resourceUsage().maxRSS * 1024);
}
console.log(JSON.stringify({ activationBytes: most - before }));
