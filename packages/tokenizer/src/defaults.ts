/** What Myna's own tokenizers are made with. */

/**
 * Words of our own tokenizers: Qwen's pattern with Chinese taken out of the runs of letters. There, punctuation sticks to the
 * clause after it, and a fifth of the Chinese tokens become “，我” and the like; here a run of Han characters is a word of its own,
 * and the trainer (`longestHan`) keeps phrases of one source out of the vocabulary. Cutting runs every four characters instead
 * splits words wherever the cut falls, and costs 8 % more tokens. docs/log.md has the measurements.
 *
 * Digits stand alone: numbers then have one spelling each and their digits line up in sums; groups of three would save 0.3 % of
 * the English tokens. Marks (\p{M}) belong to the letters before them, so Arabic and Hindi words stay whole.
 *
 * @see Qwen team 2023, arXiv:2309.16609, §2.2 (single digits, one language-neutral pattern)
 */
export const defaultPattern =
  "\\p{Han}+|(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[[\\p{L}\\p{M}]&&[^\\p{Han}]]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The `pre_tokenizer` of our own tokenizer.json. */
export const defaultPreTokenizer = {
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: defaultPattern }, behavior: "Isolated", invert: false },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
  ],
};

export const defaultDecoder = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };

export interface SpecialTokenOption {
  readonly content: string;
  /** Left out of text by skipSpecial. Thoughts and tool calls are control tokens too, but part of what a model says. */
  readonly special: boolean;
}

/** Control tokens of our own tokenizers, in order of id: ChatML's, then Qwen3's names for thoughts and tools, then spare ones. */
export const defaultSpecialTokens: readonly SpecialTokenOption[] = [
  { content: "<|endoftext|>", special: true },
  { content: "<|im_start|>", special: true },
  { content: "<|im_end|>", special: true },
  { content: "<tool_call>", special: false },
  { content: "</tool_call>", special: false },
  { content: "<tool_response>", special: false },
  { content: "</tool_response>", special: false },
  { content: "<think>", special: false },
  { content: "</think>", special: false },
  ...Array.from({ length: 7 }, (_, i) => ({ content: `<|reserved_${i}|>`, special: true })),
];
