/** How fast a run goes and how long it still takes, from the steps of this process alone. */

export interface Pace {
  /**
   * @param tokens predicted in the step
   * @param stepMs time of the step itself, evaluations and checkpoints left out
   */
  tick(tokens: number, stepMs: number): void;
  /** Over the last steps. */
  tokensPerSecond(): number;
  /**
   * Everything between steps counts, so evaluations and checkpoints are in the estimate.
   *
   * @param stepsLeft of the run
   */
  secondsLeft(stepsLeft: number): number;
}

/** Steps that the speed is a mean of. */
const WINDOW = 20;

export function startPace(now: () => number = () => performance.now()): Pace {
  const started = now();
  const recent: { tokens: number; ms: number }[] = [];
  let steps = 0;
  return {
    tick(tokens, stepMs) {
      steps += 1;
      recent.push({ tokens, ms: stepMs });
      if (recent.length > WINDOW) recent.shift();
    },
    tokensPerSecond() {
      const total = recent.reduce((sum, { tokens, ms }) => ({ tokens: sum.tokens + tokens, ms: sum.ms + ms }), {
        tokens: 0,
        ms: 0,
      });
      return total.ms === 0 ? 0 : (total.tokens * 1000) / total.ms;
    },
    secondsLeft: (stepsLeft) => (steps === 0 ? 0 : ((now() - started) / 1000 / steps) * stepsLeft),
  };
}
