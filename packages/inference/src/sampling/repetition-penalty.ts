/**
 * Repetition penalty of CTRL, as Hugging Face applies it: to every token of prompt and answer, once however often it
 * came up. It counts the prompt because their RepetitionPenaltyLogitsProcessor does; a penalty tuned there works here.
 *
 * @param logits  changed in place: divided where positive, multiplied where negative, so that both fall
 * @param seen    ids of prompt and answer
 * @param penalty above 1 discourages, below 1 encourages
 * @see Keskar et al. 2019, arXiv:1909.05858 §4.1
 */
export function applyRepetitionPenalty(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  for (const id of seen) {
    const logit = logits[id];
    if (logit !== undefined) logits[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
}
