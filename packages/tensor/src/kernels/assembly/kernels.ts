// Loops over f32 arrays in an imported memory, 4 lanes at a time. Addresses in bytes (multiples of 16 for speed only),
// lengths in floats. `node packages/tensor/src/kernels/build.ts` compiles this into ../kernels.wasm.

/** Sum of squares: f32 lanes inside a block of 4096 floats, f64 across blocks. */
export function sumOfSquares(x: usize, length: usize): f64 {
  const end = x + (length << 2);
  const vectorEnd = x + ((length & ~3) << 2);
  let total: f64 = 0;
  while (x < vectorEnd) {
    const blockEnd = min(x + 16384, vectorEnd);
    let lanes = f32x4.splat(0);
    do {
      const v = v128.load(x);
      lanes = f32x4.add(lanes, f32x4.mul(v, v));
      x += 16;
    } while (x < blockEnd);
    total += <f64>f32x4.extract_lane(lanes, 0) + <f64>f32x4.extract_lane(lanes, 1)
      + (<f64>f32x4.extract_lane(lanes, 2) + <f64>f32x4.extract_lane(lanes, 3));
  }
  for (; x < end; x += 4) {
    const v = <f64>load<f32>(x);
    total += v * v;
  }
  return total;
}

/** Index of the first infinity or NaN, or -1. */
export function firstNonFinite(x: usize, length: usize): i32 {
  const start = x;
  const end = x + (length << 2);
  const vectorEnd = x + ((length & ~3) << 2);
  const zero = f32x4.splat(0);
  while (x < vectorEnd) {
    const v = v128.load(x);
    if (v128.any_true(f32x4.ne(f32x4.sub(v, v), zero))) break; // x - x is 0 for finite numbers alone
    x += 16;
  }
  for (; x < end; x += 4) {
    const v = load<f32>(x);
    if (v - v != 0) return <i32>((x - start) >> 2);
  }
  return -1;
}

/** target += source */
export function accumulate(target: usize, source: usize, length: usize): void {
  const end = target + (length << 2);
  const vectorEnd = target + ((length & ~3) << 2);
  for (; target < vectorEnd; target += 16, source += 16) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
  }
  for (; target < end; target += 4, source += 4) store<f32>(target, load<f32>(target) + load<f32>(source));
}

/** x *= factor */
export function scale(x: usize, length: usize, factor: f32): void {
  const end = x + (length << 2);
  const vectorEnd = x + ((length & ~3) << 2);
  const lanes = f32x4.splat(factor);
  for (; x < vectorEnd; x += 16) v128.store(x, f32x4.mul(v128.load(x), lanes));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/**
 * One AdamW step in place.
 *
 *   g = gradientScale * gradient
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   parameter = decay * parameter - stepSize * m / (sqrt(v) * correction + epsilon)
 *
 * where the caller gives decay = 1 - learningRate * weightDecay, stepSize = learningRate / (1 - beta1^step) and
 * correction = 1 / sqrt(1 - beta2^step).
 */
export function adamw(
  parameter: usize, gradient: usize, m: usize, v: usize, length: usize,
  stepSize: f32, correction: f32, epsilon: f32, decay: f32, gradientScale: f32,
  beta1: f32, beta2: f32, oneMinusBeta1: f32, oneMinusBeta2: f32,
): void {
  const end = parameter + (length << 2);
  const vectorEnd = parameter + ((length & ~3) << 2);
  const stepSizes = f32x4.splat(stepSize), corrections = f32x4.splat(correction), epsilons = f32x4.splat(epsilon);
  const decays = f32x4.splat(decay), scales = f32x4.splat(gradientScale);
  const betas1 = f32x4.splat(beta1), betas2 = f32x4.splat(beta2);
  const rests1 = f32x4.splat(oneMinusBeta1), rests2 = f32x4.splat(oneMinusBeta2);
  for (; parameter < vectorEnd; parameter += 16, gradient += 16, m += 16, v += 16) {
    const g = f32x4.mul(v128.load(gradient), scales);
    const nextM = f32x4.add(f32x4.mul(v128.load(m), betas1), f32x4.mul(g, rests1));
    const nextV = f32x4.add(f32x4.mul(v128.load(v), betas2), f32x4.mul(f32x4.mul(g, g), rests2));
    v128.store(m, nextM);
    v128.store(v, nextV);
    const divisor = f32x4.add(f32x4.mul(f32x4.sqrt(nextV), corrections), epsilons);
    const kept = f32x4.mul(v128.load(parameter), decays);
    v128.store(parameter, f32x4.sub(kept, f32x4.div(f32x4.mul(stepSizes, nextM), divisor)));
  }
  // The same operations in the same order, so an element's result does not depend on its place.
  for (; parameter < end; parameter += 4, gradient += 4, m += 4, v += 4) {
    const g = load<f32>(gradient) * gradientScale;
    const nextM = load<f32>(m) * beta1 + g * oneMinusBeta1;
    const nextV = load<f32>(v) * beta2 + g * g * oneMinusBeta2;
    store<f32>(m, nextM);
    store<f32>(v, nextV);
    const divisor = sqrt<f32>(nextV) * correction + epsilon;
    store<f32>(parameter, load<f32>(parameter) * decay - stepSize * nextM / divisor);
  }
}
